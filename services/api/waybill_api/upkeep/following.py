"""Following: tasks that wait for a handler which no worker has take the one that their type names now.

A task keeps the handler of its creation, which a worker may have even if the type names another one now. If no worker
has it, a misspelt name was corrected or all workers were replaced, and the tasks would wait for ever.
"""

import asyncio
import logging

from waybill.domain.route import handler_of
from waybill_api.store import commands, tables
from waybill_api.store.commands.following import FIRST
from waybill_api.store.store import Store
from waybill_api.store.tables.lanes import Lane
from waybill_api.upkeep.workers import LEASE, Workers

log = logging.getLogger(__name__)

SHARE = 3
"""Seconds that it leaves the writer to others for each second of its own work."""


class Following:
    """Counts for how long no worker has had a lane's handler, as the ticker counts time.

    After a whole lease, long enough for a worker to restart, the tasks follow in portions if their type names another
    handler. A pipeline that would have to go back cannot follow; its lane is skipped until its type changes.
    """

    def __init__(self, store: Store, workers: Workers) -> None:
        """Watch over the lanes of this store."""
        self._store = store
        self._workers = workers
        self._waited: dict[Lane, float] = {}
        self._stuck: dict[Lane, tuple[str, ...]] = {}

    async def tick(self, seconds: float) -> None:
        """Count `seconds` for each lane without a worker for its handler, and let its tasks follow if they can."""
        handlers = self._workers.served()
        # Without any worker it is unknown which handlers the next ones will have.
        strays = await self._store.read(tables.lanes.strays, handlers) if handlers else {}
        self._waited = {lane: self._waited.get(lane, 0.0) + seconds for lane in strays}
        self._stuck = {lane: named for lane, named in self._stuck.items() if strays.get(lane) == named}
        for lane, named in strays.items():
            if not named or self._waited[lane] < LEASE or lane in self._stuck:
                continue
            if count := await self._follow(lane):
                message = "%d tasks waited for a handler %s, which no worker has, and now follow their type"
                log.warning(message, count, handler_of(lane.route), extra={"action": "reroute"})
            else:
                self._stuck[lane] = named

    async def _follow(self, lane: Lane) -> int:
        """Let all tasks of a lane follow until a worker has the handler after all; return the number that did."""
        loop = asyncio.get_running_loop()
        total, place = 0, FIRST
        while handler_of(lane.route) not in self._workers.served():
            began = loop.time()
            count, further = await self._store.insist(commands.following.follow, lane, place)
            total += count
            if further is None:
                break
            place = further
            await asyncio.sleep(SHARE * (loop.time() - began))
        return total
