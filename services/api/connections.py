"""Connections that are patient with idle clients, and not with slow ones."""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

IDLE_SECONDS = 75.0
"""How long a connection may be idle between requests: longer than the minute for which workers and proxies keep one."""

HEAD_SECONDS = 10.0
"""How long the head of a request may take from its first byte, and the first one from the connection's start."""

BODY_SECONDS = 10.0
MAX_HEAD_SIZE = 16 * 1024
MAX_BODY_SIZE = 2**62
"""For Tornado, which would answer an empty 400; the endpoints' own limits are far below, and answer 413."""


class PatientServer(HTTPServer):
    """Tornado's server with our limits; Tornado itself has one time-out for idle connections and slow heads alike."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Set the limits."""
        limits = {
            "idle_connection_timeout": IDLE_SECONDS,
            "body_timeout": BODY_SECONDS,
            "max_header_size": MAX_HEAD_SIZE,
            "max_body_size": MAX_BODY_SIZE,
            "decompress_request": False,
        }
        super().initialize(*args, **(limits | kwargs))

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Serve a new connection through a stream that watches over its heads."""
        watched = HeadStream(
            stream.socket, max_buffer_size=stream.max_buffer_size, read_chunk_size=stream.read_chunk_size
        )
        super().handle_stream(watched, address)


class HeadStream(IOStream):
    """A stream that closes itself when the head of a request takes too long once it has begun."""

    _awaits_head = False
    _is_new = True
    _alarm: asyncio.TimerHandle | None = None

    def read_until_regex(self, regex: bytes, max_bytes: int | None = None) -> Awaitable[bytes]:
        """Read a head (nothing else of HTTP is read by this method); the first one must come soon."""
        self._awaits_head = True
        if self._is_new:
            self._is_new = False
            self._set_alarm()
        future = cast("asyncio.Future[bytes]", super().read_until_regex(regex, max_bytes))
        if future.done():
            self._head_has_come(future)
        else:
            future.add_done_callback(self._head_has_come)
        return future

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read, and begin to count with the first byte of a head."""
        size = super().read_from_fd(buf)
        if size and self._awaits_head and self._alarm is None:
            self._set_alarm()
        return size

    def _set_alarm(self) -> None:
        self._alarm = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.close)

    def _head_has_come(self, head: "asyncio.Future[bytes]") -> None:
        self._awaits_head = False
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
