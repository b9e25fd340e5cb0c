"""Where no worker serves what is due: counts how long, and gives up what its type says must not wait longer."""

import asyncio
import logging
import time

from waybill_api.store.store import Store
from waybill_api.upkeep.workers import Workers

log = logging.getLogger(__name__)

TICK = 1.0


class Unserved:
    """Counts for each route, in ticks of at most a second and only while the API serves, how long it has no worker.

    So a stopped or paused API gives up nothing, and after a start all workers have the whole time to come back.
    """

    def __init__(self, store: Store, workers: Workers) -> None:
        """Watch over the routes of this store."""
        self._store = store
        self._workers = workers
        self._waited: dict[str, float] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            await self._store.ready()
            now = time.monotonic()
            await self.tick(min(now - last, TICK))
            last = now

    async def tick(self, seconds: float) -> None:
        """Count `seconds` for each route that has due tasks and no worker, and give up what has waited long enough."""
        allowed = await self._store.unserved(self._workers.served())
        self._waited = {route: self._waited.get(route, 0.0) + seconds for route in allowed}
        now = self._store.clock.now()
        over = {route: now - 1_000 * most for route, most in allowed.items() if self._waited[route] >= most}
        if over and (given_up := await self._store.give_up(over)):
            log.warning(
                "%d tasks were given up, since no worker serves %s",
                given_up,
                ", ".join(sorted(over)),
                extra={"action": "give_up"},
            )
