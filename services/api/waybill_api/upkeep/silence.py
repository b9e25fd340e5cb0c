"""Where tracked tasks fall silent: only time in which the API served counts, so that its absence ends nobody."""

import asyncio
import logging
from collections import deque
from math import inf
from typing import NamedTuple

from waybill_api.store.store import Store

log = logging.getLogger(__name__)

TICK = 1.0
STANDSTILL = 2_000
"""Milliseconds between two ticks beyond which the API was not serving, but paused or starved."""


class Gap(NamedTuple):
    """Time in which nobody could be heard."""

    until: int
    length: float


class Silence:
    """Looks every second for tasks of which there is no news for their `stage_timeout`.

    What they have of time is what the API has served: a gap between two looks, as a pause or a jump of the clock
    leaves, is taken off but for one tick, and the time before the start is one endless gap. So a start gives everybody
    all of their time.
    """

    def __init__(self, store: Store) -> None:
        """Watch over the tracked tasks of this store, from now on."""
        self._store = store
        self._last = store.clock.now()
        self._gaps = deque([Gap(self._last, inf)], maxlen=1_000)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            await self._store.ready()
            await self.tick()

    async def tick(self) -> None:
        """Take note of the time that has passed, and of who has fallen silent."""
        now = self._store.clock.now()
        if now - self._last > STANDSTILL:
            self._gaps.append(Gap(now, now - self._last - 1_000 * TICK))
        self._last = now
        horizons = {timeout: self._horizon(now, timeout) for timeout in await self._store.watched_timeouts()}
        silent_since = {timeout: int(at) for timeout, at in horizons.items() if at > -inf}
        if silent_since and (silent := await self._store.silence(silent_since)):
            log.warning("%d tracked tasks have fallen silent", len(silent), extra={"action": "silence"})

    def _horizon(self, now: int, timeout: int) -> float:
        """Return the time since which the API has served for `timeout` seconds; -inf where it has not yet."""
        at: float = now - 1_000 * timeout
        for gap in reversed(self._gaps):
            if at >= gap.until:
                break
            at -= gap.length
        return at
