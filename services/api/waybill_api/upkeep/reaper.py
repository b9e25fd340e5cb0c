"""The reaper: takes the runs of workers that have fallen silent, counting only silence that it has observed."""

import logging

from waybill_api.store import tables
from waybill_api.store.store import Store
from waybill_api.upkeep.workers import Workers

log = logging.getLogger(__name__)


class Reaper:
    """Counts the silence of workers, as the ticker counts time. After a start each worker has a fresh lease."""

    def __init__(self, store: Store, workers: Workers) -> None:
        """Watch over these workers."""
        self._store = store
        self._workers = workers

    async def tick(self, seconds: float) -> None:
        """Count `seconds` of silence, and reap."""
        self._workers.watch(await self._store.read(tables.workers.holders))
        for worker_id in self._workers.age(seconds):
            released = await self._workers.gone(worker_id, crashed=True)
            log.warning("worker %s has fallen silent; %d runs released", worker_id, released, extra={"action": "reap"})
