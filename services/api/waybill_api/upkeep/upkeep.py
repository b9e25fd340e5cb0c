"""The whole upkeep, started and stopped together."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from waybill.domain.errors import StorageFull, Unavailable
from waybill.host.world import REAL, World
from waybill.queue.queue import Queue
from waybill_api.data_lock import DataLock
from waybill_api.store import commands
from waybill_api.store.store import Store
from waybill_api.upkeep.dispatcher import Dispatcher
from waybill_api.upkeep.following import Following
from waybill_api.upkeep.indexer import Indexer
from waybill_api.upkeep.reaper import Reaper
from waybill_api.upkeep.silence import Silence
from waybill_api.upkeep.ticker import Ticker
from waybill_api.upkeep.unserved import Unserved
from waybill_api.upkeep.watch import Watch
from waybill_api.upkeep.worker_caller import WorkerCaller
from waybill_api.upkeep.workers import Workers

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds after which a failed write or read is tried again."""

PRUNE_SECONDS = 3_600.0
KEEP_SECONDS = 60.0
"""Seconds between two writes of how long tasks stay at their stages."""

Job = Callable[[], Coroutine[Any, Any, None]]
"""Works until cancelled; started again, it goes on where it was."""


class Upkeep:
    """The dispatcher's thread, and on the loop all that ticks, the indexer and the watch.

    If one of them dies, so must the API.
    """

    def __init__(
        self,
        store: Store,
        workers: Workers,
        queue: Queue,
        doorbells: Path,
        on_death: Callable[[], None],
        lock: DataLock | None = None,
        world: World = REAL,
    ) -> None:
        """Take care of this store and its lock; `on_death` is called, from any thread, if a part fails."""
        self._on_death = on_death
        silence = Silence(store)
        ticker = partial(Ticker, world=world)
        self._jobs: list[Job] = [
            ticker(Reaper(store, workers).tick, ready=store.ready).run,
            ticker(lambda _: silence.tick(), ready=store.ready).run,
            ticker(Unserved(store, workers).tick, ready=store.ready).run,
            ticker(Following(store, workers).tick, ready=store.ready).run,
            ticker(lambda _: store.insist(commands.pruning.prune), PRUNE_SECONDS, first=True).run,
            ticker(lambda _: store.keep_times(), KEEP_SECONDS).run,
            Indexer(store).run,
            Watch(store, on_death).run,
        ]
        if lock is not None:
            self._jobs.append(partial(lock.watch, on_death))
        self._running: list[asyncio.Task[None]] = []
        ring = partial(world.ring_all, doorbells)
        self._dispatcher = Dispatcher(store.path, queue, ring, store.clock, on_death, world)
        store.listen(self._dispatcher.notice, is_vital=True)
        store.listen(WorkerCaller(partial(world.call, doorbells)).notice)

    def start(self) -> None:
        """Start everything."""
        self._dispatcher.start()
        for job in self._jobs:
            task = asyncio.get_running_loop().create_task(_persist(job))
            task.add_done_callback(self._ended)
            self._running.append(task)

    @property
    def outstanding(self) -> int:
        """How many messages were sent whose runs are not claimed yet; any thread may read it."""
        return self._dispatcher.outstanding

    async def stop(self) -> None:
        """Stop everything, and return when it has ended."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self._dispatcher.stop)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("upkeep has died", exc_info=task.exception())
            self._on_death()


async def _persist(job: Job) -> None:
    """Repeat a job until cancelled, also if the storage fails: a condition shows that failure elsewhere."""
    while True:
        try:
            return await job()
        except (StorageFull, Unavailable) as error:
            log.debug("upkeep waits: %s", error, extra={"action": "upkeep_waits"})
            await asyncio.sleep(PAUSE)
