"""The silence of tracked tasks. Only time in which the API served counts, so that a stopped API ends no task."""

import logging
from collections import deque
from math import inf
from typing import NamedTuple

from waybill_api.store import commands, tables
from waybill_api.store.store import Store
from waybill_api.upkeep.ticker import TICK

log = logging.getLogger(__name__)

STANDSTILL = 2_000
"""Milliseconds between two ticks beyond which the API was not serving, but paused or starved."""


class Gap(NamedTuple):
    """Time in which no report could arrive."""

    until: int
    length: float


class Silence:
    """Looks at every tick for tasks of which there was no report for their `stage_timeout`.

    A gap between two ticks, as a pause or a jump of the clock leaves, does not count except for one tick. The time
    before the start is one endless gap, so that after a start every task has all of its time.
    """

    def __init__(self, store: Store) -> None:
        """Watch over the tracked tasks of this store, from now on."""
        self._store = store
        self._last = store.clock.now()
        self._gaps = deque([Gap(self._last, inf)], maxlen=1_000)

    async def tick(self) -> None:
        """Take note of the time that has passed, and of the tasks that have fallen silent."""
        now = self._store.clock.now()
        if now - self._last > STANDSTILL:
            self._gaps.append(Gap(now, now - self._last - 1_000 * TICK))
        self._last = now
        timeouts = await self._store.read(tables.tasks.watched_timeouts)
        horizons = {timeout: self._horizon(now, timeout) for timeout in timeouts}
        silent_since = {timeout: int(at) for timeout, at in horizons.items() if at > -inf}
        if silent_since and (silent := await self._store.insist(commands.silence.silence, silent_since)):
            log.warning("%d tracked tasks have fallen silent", len(silent), extra={"action": "silence"})

    def _horizon(self, now: int, timeout: int) -> float:
        """Return the time since which the API has served for `timeout` seconds; -inf if it has not yet."""
        at: float = now - 1_000 * timeout
        for gap in reversed(self._gaps):
            if at >= gap.until:
                break
            at -= gap.length
        return at
