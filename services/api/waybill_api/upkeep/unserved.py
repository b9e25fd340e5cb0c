"""Due tasks that no worker serves: counts for how long, and gives up those that their type lets wait no longer."""

import logging

from waybill_api.store import commands, tables
from waybill_api.store.store import Store
from waybill_api.upkeep.workers import Workers

log = logging.getLogger(__name__)


class Unserved:
    """Counts for how long each route has no worker, as the ticker counts time.

    After a start all workers have the whole time to come back.
    """

    def __init__(self, store: Store, workers: Workers) -> None:
        """Watch over the routes of this store."""
        self._store = store
        self._workers = workers
        self._waited: dict[str, float] = {}

    async def tick(self, seconds: float) -> None:
        """Count `seconds` for each route that has due tasks and no worker, and give up what has waited long enough."""
        allowed = await self._store.read(tables.lanes.unserved, self._workers.served())
        self._waited = {route: self._waited.get(route, 0.0) + seconds for route in allowed}
        now = self._store.clock.now()
        over = {route: now - 1_000 * most for route, most in allowed.items() if self._waited[route] >= most}
        if over and (given_up := await self._store.insist(commands.unserved.give_up, over)):
            log.warning(
                "%d tasks were given up, since no worker serves %s",
                given_up,
                ", ".join(sorted(over)),
                extra={"action": "give_up"},
            )
