"""The reaper: takes the runs of workers that have fallen silent, counting only silence that it has observed."""

import asyncio
import logging
import time

from waybill_api.store.store import Store
from waybill_api.upkeep.workers import Workers

log = logging.getLogger(__name__)

TICK = 1.0


class Reaper:
    """Counts silence in ticks of at most a second, and only while the loop and the writer serve.

    So clock jumps, a paused or a stopped API let nobody's lease run out, and after a start everybody has a fresh one.
    """

    def __init__(self, store: Store, workers: Workers) -> None:
        """Watch over these workers."""
        self._store = store
        self._workers = workers

    async def run(self) -> None:
        """Reap until cancelled."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            await self._store.ready()
            now = time.monotonic()
            await self.tick(min(now - last, TICK))
            last = now

    async def tick(self, seconds: float) -> None:
        """Count `seconds` of silence, and reap."""
        self._workers.watch(await self._store.holders())
        for worker_id in self._workers.age(seconds):
            released = await self._workers.gone(worker_id, crashed=True)
            log.warning("worker %s has fallen silent; %d runs released", worker_id, released, extra={"action": "reap"})
