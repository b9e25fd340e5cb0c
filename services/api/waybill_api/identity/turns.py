"""Turns: a few callers work at once, the others wait in two lines; friends go before strangers."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Gives turns to waiting callers; all calls come from the event loop's thread."""

    def __init__(self, at_once: int) -> None:
        """Take how many callers may work at once."""
        self._free = at_once
        self._friends: deque[asyncio.Future[None]] = deque()
        self._strangers: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def one(self, *, is_friend: bool) -> AsyncIterator[None]:
        """Wait for a turn, and hold it while the block runs; a friend goes before every stranger."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(self._friends if is_friend else self._strangers)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, line: "deque[asyncio.Future[None]]") -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in line:
                line.remove(turn)
            else:
                # The turn was given at the moment of the cancellation.
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        for line in (self._friends, self._strangers):
            if line:
                line.popleft().set_result(None)
                return
        self._free += 1
