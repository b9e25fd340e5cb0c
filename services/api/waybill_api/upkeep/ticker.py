"""The ticker: takes a turn of upkeep again and again."""

import asyncio
from collections.abc import Awaitable, Callable

from waybill.host.world import REAL, World

TICK = 1.0

Turn = Callable[[float], Awaitable[object]]
"""Works for a moment; it is given the seconds that count since its last turn."""


async def _at_once() -> None:
    """Wait for nothing."""


class Ticker:
    """Takes a turn every `period` seconds. Of the time since the last turn, at most `period` seconds count.

    With a `ready` that waits for the writer, only time counts in which both the loop and the writer serve. So a jump of
    the clock, and an API that is paused or stopped, let no lease run out.
    """

    def __init__(
        self,
        turn: Turn,
        period: float = TICK,
        ready: Callable[[], Awaitable[object]] = _at_once,
        *,
        first: bool = False,
        world: World = REAL,
    ) -> None:
        """Take what to do; `first` takes a turn at once, before the first period."""
        self._turn = turn
        self._period = period
        self._ready = ready
        self._first = first
        self._world = world

    async def run(self) -> None:
        """Take turns until cancelled."""
        if self._first:
            await self._turn(0.0)
        last = self._world.monotonic()
        while True:
            await asyncio.sleep(self._period)
            await self._ready()
            now = self._world.monotonic()
            await self._turn(min(now - last, self._period))
            last = now
