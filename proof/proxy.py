"""The fault proxy: it stands between clients and the API, and does to requests what bad networks do."""

import contextlib
import http.client
import random
import socket
import socketserver
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self

from proof.plan import ON_THE_WIRE, Kind

SHARE = 0.5
"""How many of the requests are done harm to while a fault lasts."""

UPSTREAM_SECONDS = 75.0
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")
RESETTING = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing the socket resets the connection."""

LATENCY = (0.05, 1.5)
ECHO = (0.0, 4.0)
"""Seconds after which the second copy of a doubled request comes."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it was read."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Proxy:
    """Passes requests on to the API one by one; while a fault lasts, it does harm to about half of them.

    Chance is drawn from `seed`; which request meets which draw depends on how the machine schedules them.
    """

    def __init__(self, target: tuple[str, int], seed: int) -> None:
        """Listen on a free port of this machine, for requests to the API at `target`."""
        self._target = target
        self._chance = random.Random(f"{seed}/wire")  # noqa: S311  # chance, not secrecy
        self._lock = threading.Lock()
        self._active: list[Kind] = []
        self.is_cut = False
        """While set, every connection is reset at its next request, and nothing is passed on."""
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="proxy", daemon=True)
        self.harm: Counter[Kind] = Counter()
        """How many requests each kind of fault was done to."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def begin(self, kind: Kind) -> None:
        """Let a fault begin. Raises ValueError for one that is not of the wire."""
        if kind not in ON_THE_WIRE:
            raise ValueError(f"{kind} is no fault of the wire")
        with self._lock:
            self._active.append(kind)

    def end(self, kind: Kind) -> None:
        """Let it end; nothing where it has not begun."""
        with self._lock, contextlib.suppress(ValueError):
            self._active.remove(kind)

    def serve(self, request: Request, client: socket.socket) -> bool:
        """Answer one request, and tell whether the connection can go on."""
        if self.is_cut:
            return _reset(client)
        kind = self._draw()
        if kind is Kind.LATENCY:
            time.sleep(self._between(*LATENCY))
        if kind is Kind.RESET:
            return _reset(client)
        if kind is Kind.DOUBLED:
            self._double(request)
        answer = self._pass_on(request)
        if answer is None or kind is Kind.LOST_ANSWER:
            return _reset(client)
        if kind is Kind.CUT_ANSWER:
            client.sendall(answer[: int(len(answer) * self._between(0.1, 0.9))])
            return False
        client.sendall(answer)
        return True

    def _draw(self) -> Kind | None:
        with self._lock:
            if not self._active or self._chance.random() >= SHARE:
                return None
            kind = self._active[-1]
            self.harm[kind] += 1
            return kind

    def _between(self, low: float, high: float) -> float:
        with self._lock:
            return self._chance.uniform(low, high)

    def _double(self, request: Request) -> None:
        """Pass on a copy: at once and before the request itself, or some time later, whatever has happened since."""
        delay = self._between(*ECHO)
        if delay < ECHO[1] / 2:
            self._pass_on(request)
            return
        echo = threading.Timer(delay, self._pass_on, [request])
        echo.daemon = True
        echo.start()

    def _pass_on(self, request: Request) -> bytes | None:
        """Send a request to the API and return its whole answer; None where there is none."""
        connection = http.client.HTTPConnection(*self._target, timeout=UPSTREAM_SECONDS)
        try:
            connection.request(request.method, request.path, request.body or None, request.headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        kept = [f"{name}: {value}" for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        lines = [f"HTTP/1.1 {response.status} {response.reason}", *kept, f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1") + body


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away in the middle are what this is for."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Serve requests until the client or a fault ends the connection."""
        client: socket.socket = self.connection
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (request := _read(self.rfile)) is not None:
            if not self.server.proxy.serve(request, client):
                return


def _read(stream: BinaryIO | Any) -> Request | None:
    """Read one request with a Content-Length; None at the end of the connection or where it is none."""
    parts = stream.readline(65_537).split()
    if len(parts) != 3:
        return None
    headers = {name: str(value) for name, value in http.client.parse_headers(stream).items()}
    length = int(next((value for name, value in headers.items() if name.lower() == "content-length"), "0"))
    sent = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
    return Request(parts[0].decode(), parts[1].decode(), sent, stream.read(length))


def _reset(client: socket.socket) -> bool:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETTING)
    client.shutdown(socket.SHUT_RD)
    client.close()
    return False
