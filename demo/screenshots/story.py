"""The story of the made-up hour: the lives of all tasks, told to the store in the order of time.

The store's own creates, claims and reports write the rows and the history, as for the API; only HTTP is left out.
Tasks that have not ended at the end of the hour wait or run in the pictures.
"""

import heapq
import random
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import count

from demo.screenshots import texts
from demo.screenshots.cast import APPLICATION, DELIVERY, LOST, NEWSLETTER, THUMBNAIL, WORKS, Work
from demo.screenshots.hour import CRASH, MINUTE, NOW, PAUSED, RUSHES, SECOND, START
from demo.screenshots.life import Course, Life
from throwaway.clock import HandClock
from waybill.domain.audit import Deed
from waybill.domain.status import Status
from waybill_api.search.query import Query
from waybill_api.store import commands
from waybill_api.store.finding import finder
from waybill_api.store.store import Store

SEED = 7


class Story:
    """One hour on a store: the same each time, except for ids and what the store draws by chance."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        """Take the store and its clock."""
        self._store = store
        self._clock = clock
        self._order = count()

    async def tell(self) -> None:
        """Let the whole hour happen."""
        for work in WORKS:
            await self._store.write(commands.task_types.create, work.type)
        turns = [
            (
                at,
                next(self._order),
                Life(self._store, self._clock, work, self._chance(f"{work.type.name} {number}")).go(),
            )
            for work in WORKS
            for number, at in enumerate(self._arrivals(work, self._chance(work.type.name)))
        ]
        turns += [(at, next(self._order), happening) for at, happening in self._happenings()]
        heapq.heapify(turns)
        while turns:
            at, _, course = heapq.heappop(turns)
            if at > NOW:
                break
            self._clock.at = max(at, self._clock.at)
            following = await anext(course, None)
            if following is not None:
                heapq.heappush(turns, (following, next(self._order), course))
        self._clock.at = NOW
        await self._store.insist(commands.silence.silence, {DELIVERY.type.stage_timeout or 0: NOW - 15 * MINUTE})
        while await self._store.insist(commands.search.take_in, 1_000):
            pass

    def _chance(self, name: str) -> random.Random:
        """Return a source of chance for one task, so that no task depends on the others."""
        return random.Random(f"{SEED} {name}")  # noqa: S311 - the same pictures each time are the point

    def _arrivals(self, work: Work, chance: random.Random) -> Iterator[int]:
        at = float(START)
        while at < NOW:
            # There is more to do at some times than at others.
            pace = 0.75 + 0.5 * abs(((at - START) / (18 * MINUTE)) % 2 - 1)
            at += chance.expovariate(work.each_minute * pace) * MINUTE
            yield int(at)
        if work is THUMBNAIL:
            yield from (
                rush + int(chance.uniform(0, 40 * SECOND)) for rush, size in RUSHES.items() for _ in range(size)
            )

    def _happenings(self) -> Iterator[tuple[int, Course]]:
        write = self._store.write
        yield CRASH, self._once(partial(self._store.insist, commands.runs.gone, LOST.worker_id, crashed=True))
        yield PAUSED, self._once(partial(write, commands.task_types.change, NEWSLETTER.type.name, {"paused": True}))
        for minutes, deed in texts.deeds():
            yield NOW - int(minutes * MINUTE), self._once(partial(self._store.insist, commands.audit.record, deed))
        for minutes in (43, 27, 9):
            yield NOW - minutes * MINUTE, self._once(self._cancel)

    async def _once(self, act: Callable[[], Awaitable[object]]) -> Course:
        await act()
        # It goes on only after the hour.
        yield NOW + 1

    async def _cancel(self) -> None:
        """Cancel the application that has run longest."""
        running = Query(statuses=(Status.PROCESSING,), types=(APPLICATION.type.name,))
        for task in (await self._store.read(finder.find, running, None, 1, newest=False)).tasks:
            await self._store.write(commands.tasks.cancel, task.task_id)
            target = f"/tasks/{task.task_id}/cancel"
            deed = Deed(who="jonas", action="cancel_task", target=target, address="10.20.0.15", outcome="done")
            await self._store.insist(commands.audit.record, deed)
