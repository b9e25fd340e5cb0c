"""The last answer on a connection, after a request that cannot be read: a problem, and time to read it."""

import asyncio
import contextlib
import json
import socket
import time
from http import HTTPStatus

from tornado.httputil import format_timestamp

from waybill.installation import HEADER
from waybill_api.http.intake import HEADERS
from waybill_api.problems import MEDIA_TYPE, Refusal

LINGER_SECONDS = 2.0
"""Seconds that the client of a request that cannot be read has to read the answer."""

LINGER_BYTES = 64 * 1024 * 1024
MOST_LINGERING = 50
"""How many such connections are kept; further ones close at once, and their clients may miss the answer."""

PIECE = 65_536


def answer(refusal: Refusal, installation: str | None = None) -> bytes:
    """Return a problem as a complete HTTP response that ends its connection."""
    body = json.dumps(refusal.document()).encode()
    headers = {
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Date": format_timestamp(time.time()),
        **HEADERS,
        **({} if installation is None else {HEADER: installation}),
        **refusal.headers,
    }
    status = HTTPStatus(refusal.kind.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Lingering:
    """Connections that got their last answer: further input is dropped until their clients close.

    A socket that closes with unread input resets the connection, and its client may lose the answer. All calls come
    from the event loop's thread.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._timers: dict[socket.socket, asyncio.TimerHandle] = {}

    def keep(self, connection: socket.socket) -> None:
        """Keep a connection open until its client has read the answer; the caller may close its own socket."""
        if len(self._timers) >= MOST_LINGERING:
            return
        with contextlib.suppress(OSError):
            kept = connection.dup()
            loop = asyncio.get_running_loop()
            self._timers[kept] = loop.call_later(LINGER_SECONDS, self._close, kept)
            loop.add_reader(kept, self._drop, kept, [LINGER_BYTES])
            kept.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close all connections."""
        for kept in list(self._timers):
            self._close(kept)

    def _drop(self, kept: socket.socket, left: list[int]) -> None:
        try:
            size = len(kept.recv(PIECE))
        except BlockingIOError:
            return
        except OSError:
            size = 0
        left[0] -= size
        if not size or left[0] < 0:
            self._close(kept)

    def _close(self, kept: socket.socket) -> None:
        self._timers.pop(kept).cancel()
        asyncio.get_event_loop().remove_reader(kept)
        kept.close()
