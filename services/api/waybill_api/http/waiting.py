"""A request that waits for something, and whether its client still waits for the answer."""

import asyncio
from typing import Any, cast

from tornado.http1connection import HTTP1Connection

from waybill_api.http.intake import Intake
from waybill_api.networks import network_of


class Waiting(Intake):
    """A request that waits until its client leaves, its session or the server ends, or another needs its place."""

    _bell: "asyncio.Future[None] | None" = None
    _has_to_end = False

    async def wait_for(self, what: "asyncio.Future[Any]", seconds: float, *, is_stream: bool = False) -> None:
        """Wait for `what`, at most `seconds` and only until the client leaves or the server stops.

        A client that has closed its sending side may have left. Only a stream goes on then, since a write will tell.
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
        """Whether the client has closed its sending side: it has left, or still waits for its answer."""
        return bool(self._stream.has_ended)

    @property
    def _stream(self) -> Any:
        return cast(HTTP1Connection, self.request.connection).stream

    @property
    def is_over(self) -> bool:
        """Whether the client has left, its session or the server has ended, or another request took its place.

        A stream has no end of its own, so it asks.
        """
        if self._has_left or self._has_to_end or self._traffic.is_closing:
            return True
        return self.caller.session is not None and self._access.session(self.request.headers) is None

    @property
    def bytes_sent(self) -> int:
        """The number of written bytes that have left."""
        return int(self._stream.bytes_sent)

    @property
    def client(self) -> str:
        """The key by which requests are counted: the login session, or else the network of the address."""
        session = self.caller.session
        return network_of(self.request.remote_ip or "") if session is None else f"session {session.digest}"

    def give_up(self) -> None:
        """End the wait as if its time were over, because another request needs the place."""
        self._has_to_end = True
        self._ring()

    def on_connection_close(self) -> None:
        """Wake the waiting request, because its client has left."""
        super().on_connection_close()
        self._ring()

    def _ring(self) -> None:
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)
