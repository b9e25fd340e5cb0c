"""A relay: an HTTP server that passes requests on to another one by one. Its subclasses do the harm."""

import http.client
import socket
import socketserver
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self

UPSTREAM_SECONDS = 75.0
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")
RESETTING = struct.pack("ii", 1, 0)
"""SO_LINGER without a time: closing the socket resets the connection."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it was read."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request, as it was read."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def encode(self) -> bytes:
        """Return it in bytes."""
        kept = [f"{name}: {value}" for name, value in self.headers if name.lower() not in HOP_BY_HOP]
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *kept, f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


class Relay:
    """Listens on a free port of this machine, and passes each request on to `target`."""

    def __init__(self, target: tuple[str, int]) -> None:
        """Take a port; the `with` block serves."""
        self._target = target
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.relay = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="relay", daemon=True)

    @property
    def url(self) -> str:
        """The address of the relay."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def serve(self, request: Request, client: socket.socket) -> bool:
        """Answer one request, and return whether the connection can go on."""
        answer = self.pass_on(request)
        if answer is None:
            return reset(client)
        client.sendall(answer.encode())
        return True

    def pass_on(self, request: Request) -> Answer | None:
        """Send a request to the target and return its whole answer; None if there is none."""
        connection = http.client.HTTPConnection(*self._target, timeout=UPSTREAM_SECONDS)
        try:
            connection.request(request.method, request.path, request.body or None, request.headers)
            response = connection.getresponse()
            return Answer(response.status, response.reason, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def reset(client: socket.socket) -> bool:
    """Reset a connection; return False, because it cannot go on."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETTING)
    client.shutdown(socket.SHUT_RD)
    client.close()
    return False


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    relay: Relay

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: connections that break are the purpose of this server."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Serve requests until the client or a fault ends the connection."""
        client: socket.socket = self.connection
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (request := _read(self.rfile)) is not None:
            if not self.server.relay.serve(request, client):
                return


def _read(stream: BinaryIO | Any) -> Request | None:
    """Read one request with a Content-Length; return None at the end of the connection, or if it is no request."""
    parts = stream.readline(65_537).split()
    if len(parts) != 3:
        return None
    headers = {name: str(value) for name, value in http.client.parse_headers(stream).items()}
    length = int(next((value for name, value in headers.items() if name.lower() == "content-length"), "0"))
    sent = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
    return Request(parts[0].decode(), parts[1].decode(), sent, stream.read(length))
