"""A request that waits for something, and whether there is still somebody who waits for its answer."""

import asyncio
from typing import Any, cast

from tornado.http1connection import HTTP1Connection

from services.api.intake import Intake
from services.api.networks import network_of


class Waiting(Intake):
    """What waits, until its client leaves, its session or the server ends, or its place is needed."""

    _bell: "asyncio.Future[None] | None" = None
    _has_to_end = False

    async def wait_for(self, what: "asyncio.Future[Any]", seconds: float, *, is_stream: bool = False) -> None:
        """Wait until something happens, but no longer than that, nor once the client leaves or the server stops.

        A client that has ended what it sends may have left, so nothing but a stream, which can try, waits on for it.
        """
        self._bell = self._traffic.bell()
        stream = self._stream
        stream.on_end = self._ring
        if self.may_have_left and not is_stream:
            self._ring()
        try:
            await asyncio.wait({what, self._bell}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stream.on_end = None
            self._bell.cancel()
        await self._traffic.turn()

    @property
    def may_have_left(self) -> bool:
        """Whether the client sends nothing more: it has left, or waits for its answer all the same."""
        return bool(self._stream.has_ended)

    @property
    def _stream(self) -> Any:
        return cast(HTTP1Connection, self.request.connection).stream

    @property
    def is_over(self) -> bool:
        """Whether the client has left, its session or the server ends, or its place is another's by now.

        What has no end of its own must find one.
        """
        if self._has_left or self._has_to_end or self._traffic.is_closing:
            return True
        return self.caller.session is not None and self._access.session(self.request.headers) is None

    @property
    def bytes_sent(self) -> int:
        """How much of what was written has left."""
        return int(self._stream.bytes_sent)

    @property
    def client(self) -> str:
        """Whose requests are counted together: a login's, wherever it comes by, or else an address's."""
        session = self.caller.session
        return network_of(self.request.remote_ip or "") if session is None else f"session {session.digest}"

    def give_up(self) -> None:
        """Hear that the place is needed for another: what waits ends, as if its time were over."""
        self._has_to_end = True
        self._ring()

    def on_connection_close(self) -> None:
        """Wake the request that waits: nobody is there to be answered."""
        super().on_connection_close()
        self._ring()

    def _ring(self) -> None:
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)
