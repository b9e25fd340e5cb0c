"""The life of one task in the made-up hour."""

import random
from collections.abc import AsyncIterator
from typing import Any

from demo.screenshots import texts
from demo.screenshots.cast import DELIVERY, HELPERS, LEGS, LOST, NEWSLETTER, Helper, Work
from demo.screenshots.hour import AWAY, CRASH, EXPIRED, MINUTE, PAUSED, RUSHES, SECOND
from throwaway.clock import HandClock
from waybill.domain.report import Report
from waybill.domain.status import ErrorCode, Outcome, Status
from waybill.domain.task import Task, TaskError
from waybill_api.store import commands, tables
from waybill_api.store.commands.runs import HeldRun
from waybill_api.store.store import Store

Course = AsyncIterator[int]
"""The life of a task or a person; it yields the time at which it goes on, in milliseconds."""


class Life:
    """The life of a task."""

    def __init__(self, store: Store, clock: HandClock, work: Work, chance: random.Random) -> None:
        """Prepare it; `chance` decides all that happens to the task."""
        self._store = store
        self._clock = clock
        self._work = work
        self._chance = chance

    async def go(self) -> Course:
        """Create the task and let it happen."""
        (task_id,) = await self._store.write(
            commands.tasks.create, [texts.draft(self._work, self._chance, self._clock.at)]
        )
        async for until in self._tracked(task_id) if self._work is DELIVERY else self._worked_on(task_id):
            yield until

    async def _worked_on(self, task_id: str) -> Course:
        draw = self._chance.random()
        failures = 99 if draw < self._work.failing else int(draw < 1.5 * self._work.failing)
        while not (task := self._store.look_up(tables.tasks.load, task_id)).status.is_final:
            yield max(self._clock.at, task.due_at or 0) + self._wait()
            task = self._store.look_up(tables.tasks.load, task_id)
            if task.status.is_final or self._is_paused:
                return
            async for until in self._run(task, fails=task.failures < failures):
                yield until

    async def _run(self, task: Task, *, fails: bool) -> Course:
        helper = self._helper(task.route)
        claim = f"{self._chance.getrandbits(128):032x}"
        start = self._clock.at

        async def say(**said: Any) -> bool:
            report = Report(
                task_id=task.task_id, attempt=task.attempt, run=task.run, claim=claim, source=helper.worker_id, **said
            )
            (judged,) = await self._store.insist(commands.reports.report, [report])
            return judged.outcome is Outcome.APPLIED

        await say(status=Status.PROCESSING)
        if self._chance.random() < self._work.hanging:
            yield start + 61 * SECOND
            await self._store.insist(
                commands.runs.beat, helper.worker_id, [HeldRun(task.task_id, task.run, claim, 61.0)]
            )
            return
        fails = fails or (texts.is_of_nordwind(task) and start in AWAY)
        fails = fails or (self._work is NEWSLETTER and start >= EXPIRED)
        length = int(self._chance.uniform(*self._work.seconds) * (0.4 if fails else 1) * SECOND)
        for step in range(1, self._work.steps + 1):
            yield start + length * step // (self._work.steps + 1)
            if not await say(status=Status.PROCESSING, progress=round(step / (self._work.steps + 1), 2)):
                return
        yield start + length
        if fails:
            error = TaskError(ErrorCode.FAILED, texts.error(self._work, task, self._chance))
            await say(status=Status.ERROR, error=error)
        else:
            await say(status=Status.COMPLETED, result=texts.result(self._work, task, self._chance))

    async def _tracked(self, task_id: str) -> Course:
        carrier = self._chance.choice(("swift", "polar", "tandem"))
        is_lost = self._chance.random() < 0.08
        for seq, leg in enumerate(LEGS, start=1):
            # The carrier takes it at once, and then it travels.
            yield self._clock.at + (int(self._chance.uniform(*self._work.seconds) * SECOND / 3) if seq > 1 else SECOND)
            is_last = leg == LEGS[-1]
            report = Report(
                task_id=task_id,
                seq=seq,
                source=carrier,
                status=Status.COMPLETED if is_last else Status.PROCESSING,
                stage=leg,
                progress=seq / len(LEGS),
                metadata={"carrier": carrier, "depot": self._chance.choice(("Hamburg", "Lyon", "Gdańsk"))},
                result={"signed_by": "M. Keller"} if is_last else None,
            )
            await self._store.insist(commands.reports.report, [report])
            if is_lost:
                return

    @property
    def _is_paused(self) -> bool:
        return self._work is NEWSLETTER and self._clock.at >= PAUSED

    def _wait(self) -> int:
        """Return how long a task waits for a worker: long in a rush."""
        is_rush = any(rush <= self._clock.at < rush + MINUTE for rush in RUSHES)
        return int(self._chance.uniform(2_000, 16_000) if is_rush else 4 + self._chance.expovariate(1 / 30))

    def _helper(self, route: str) -> Helper:
        there = [one for one in HELPERS if route in one.routes]
        if self._clock.at < CRASH:
            there = [LOST if one.host == LOST.host else one for one in there]
        return self._chance.choice(there)
