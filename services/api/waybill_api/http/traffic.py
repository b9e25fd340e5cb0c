"""The requests under way, so that a server that stops can answer them first."""

import asyncio
from collections import deque
from types import TracebackType

TURNS = 20
"""How many of the requests that wake together go on at once: about 10 ms of work."""


class Traffic:
    """Counts the requests under way, and wakes those that wait for something once the server stops."""

    def __init__(self) -> None:
        """Start with no request."""
        self.is_closing = False
        self._under_way = 0
        self._bells: set[asyncio.Future[None]] = set()
        self._queue: deque[asyncio.Future[None]] = deque()

    def __enter__(self) -> None:
        self._under_way += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way -= 1

    def bell(self) -> asyncio.Future[None]:
        """Return a future that is resolved when the server stops; a caller that no longer waits cancels it."""
        bell: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.is_closing:
            bell.set_result(None)
        else:
            self._bells.add(bell)
            bell.add_done_callback(self._bells.discard)
        return bell

    def close(self) -> None:
        """Ring every bell, and have every answer from now on close its connection."""
        self.is_closing = True
        for bell in list(self._bells):
            if not bell.done():
                bell.set_result(None)

    async def turn(self) -> None:
        """Wait for a turn: of the requests that wake together, `TURNS` go on at once, and others are served in between.

        A thousand long polls that end together would otherwise delay all requests.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        if len(self._queue) == 1:
            asyncio.get_running_loop().call_soon(self._next)
        await turn

    def _next(self) -> None:
        """Let some requests go on, and the next ones after the loop has handled everything else."""
        for _ in range(min(TURNS, len(self._queue))):
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._queue:
            asyncio.get_running_loop().call_soon(self._next)

    async def settle(self, seconds: float) -> bool:
        """Wait until no request is under way; return whether that happened in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._under_way and loop.time() < deadline:
            await asyncio.sleep(0.01)
        return not self._under_way
