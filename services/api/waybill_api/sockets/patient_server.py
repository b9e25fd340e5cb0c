"""The server: it listens, admits connections up to a bound, and ends once all requests are answered."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Iterable
from typing import Any, cast

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPMessageDelegate
from tornado.iostream import IOStream
from tornado.web import Application

from waybill_api.conditions import Conditions
from waybill_api.edge.edge import Edge
from waybill_api.problems import TOO_MANY_CONNECTIONS, Refusal
from waybill_api.sockets.connections import MAX_HEAD_SIZE, PatientStream
from waybill_api.sockets.crowd import Crowd
from waybill_api.sockets.entrance import Entrance
from waybill_api.sockets.last_words import Lingering, answer
from waybill_api.sockets.listening import hide
from waybill_api.sockets.targets import Addressed

ARRIVAL_SECONDS = 1.0
"""Seconds that clients that have just connected may take to send their request once the server stops."""

MAX_BODY_SIZE = 2**62
"""Tornado's limit, which would cause an empty 400; the endpoints have far lower limits, which cause a 413."""

MOST = 1_000
"""The default number of connections."""

SAY_SECONDS = 60.0
"""Seconds between two log lines about refused connections."""

FULL = Refusal(TOO_MANY_CONNECTIONS, "All connections are busy; try again in a moment.", headers={"Retry-After": "1"})

log = logging.getLogger(__name__)


class PatientServer(HTTPServer):
    """Tornado's server with our limits, since Tornado has one time-out for both idle connections and slow heads."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Set the limits of size; the streams watch those of time."""
        limits = {"max_header_size": MAX_HEAD_SIZE, "max_body_size": MAX_BODY_SIZE, "decompress_request": False}
        super().initialize(*args, **(limits | kwargs))
        application: Application = args[0]
        self._installation: str | None = application.settings.get("installation")
        self._edge: Edge = application.settings.get("edge") or Edge()
        self._said_at = -SAY_SECONDS
        # Tornado's own time-outs make a task, a future and a timer for each head and each body.
        self.conn_params.header_timeout = self.conn_params.body_timeout = None
        self._lingering = Lingering()
        self.bound(MOST, Conditions())

    def bound(self, most: int, conditions: Conditions) -> None:
        """Admit up to `most` connections at once; `conditions` holds a condition while descriptors are lacking.

        A further one replaces the one that has been idle for longest; if none is idle, it gets a 503.
        """
        self._crowd = Crowd(most)
        self._conditions = conditions

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Accept connections while there are descriptors."""
        for listener in sockets:
            entrance = Entrance(listener, self._handle_connection, self._crowd.make_room, self._conditions)
            self._sockets[listener.fileno()] = listener
            self._handlers[listener.fileno()] = entrance.close

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Return the delegate of a request, for every form of its target."""
        connection = cast(HTTP1Connection, request_conn)
        return Addressed(super().start_request(server_conn, request_conn), self._edge, connection.context)

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Serve a new connection through a stream that bounds its reads in time, if there is room for it."""
        if self._crowd.is_full and not self._crowd.make_room():
            self._turn_away(stream.socket)
            return
        watched = PatientStream(
            stream.socket, max_buffer_size=stream.max_buffer_size, read_chunk_size=stream.read_chunk_size
        )
        watched.lingering = self._lingering
        watched.installation = self._installation
        watched.crowd = self._crowd
        self._crowd.enter(watched)
        stream.set_nodelay(True)
        super().handle_stream(watched, address)

    def stop(self) -> None:
        """Stop listening; first accept all that have connected, since a closed listener resets them."""
        for number, listener in self._sockets.items():
            self._handlers.pop(number)()
            for connection, address in _closed(listener):
                self._handle_connection(connection, address)
        self._sockets.clear()
        super().stop()

    async def close_all_connections(self) -> None:
        """Close every connection, also those that got their last answer."""
        await super().close_all_connections()
        self._lingering.close()

    async def drain(self, seconds: float) -> bool:
        """Wait up to `seconds` until no connection is busy or new; return whether none is."""
        now = time.monotonic()
        deadline, arrival = now + seconds, now + min(seconds, ARRIVAL_SECONDS)
        while any(stream.is_busy or (stream.is_new and now < arrival) for stream in self._streams()):
            if now >= deadline:
                return False
            await asyncio.sleep(0.01)
            now = time.monotonic()
        return True

    def _turn_away(self, connection: socket.socket) -> None:
        now = time.monotonic()
        if now - self._said_at >= SAY_SECONDS:
            self._said_at = now
            log.warning("all %d connections are busy; further clients are told to come back", len(self._crowd))
        with contextlib.suppress(OSError):
            connection.send(answer(FULL, self._installation))
            self._lingering.keep(connection)
        connection.close()

    def _streams(self) -> list["PatientStream"]:
        return [cast("PatientStream", connection.stream) for connection in self._connections]


def _closed(listener: socket.socket) -> list[tuple[socket.socket, Any]]:
    """Close a listener, and return the connections that it had."""
    hide(listener)
    # Without a queue at most one client can connect between the last accept and the close; others try again.
    listener.listen(0)
    found: list[tuple[socket.socket, Any]] = []
    with contextlib.suppress(OSError):
        while True:
            found.append(listener.accept())
    listener.close()
    return found
