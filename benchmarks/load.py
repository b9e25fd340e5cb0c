"""Our own load: kept-alive connections, each of which sends its next request as soon as it gets an answer."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.client import task_body
from throwaway.program import CannotGoOn

NAME = "our own client"
OK = 200
CREATED = 201
LAST_CHUNK = b"0\r\n\r\n"
PATIENCE = 120.0
"""Seconds after which a load that does not end is given up."""


Counts = Callable[[int, bytes], bool]
"""Whether an answer with this status and body counts."""


@dataclass(slots=True)
class Load:
    """The result of a load. Of creates, only answers with 201 count; of other calls, the expected answers."""

    created: int = 0
    others: int = 0
    seconds: float = 0.0
    task_ids: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Creates per second."""
        return self.created / self.seconds

    def check(self) -> "Load":
        """Return this load. Raises CannotGoOn if any answer does not count."""
        if self.others or not self.created:
            raise CannotGoOn(f"{self.others} of {self.created + self.others} calls were not answered as they should be")
        return self


def create_for(port: int, seconds: float, connections: int) -> Load:
    """Create tasks of 0 s for `seconds`. Raises CannotGoOn if a connection breaks."""
    return _finish(_run(port, connections, 0, deadline=time.monotonic() + seconds))


def create_many(port: int, count: int, processing_time: int, connections: int) -> Load:
    """Create exactly `count` tasks. Raises CannotGoOn if a connection breaks."""
    return _finish(_run(port, connections, processing_time, count=count))


def ask_for(port: int, requests: Iterator[bytes], seconds: float, connections: int, telling: bytes) -> Load:
    """Send `requests` for `seconds`; an answer counts if it is a 200 and contains `telling`.

    Raises CannotGoOn if a connection breaks.
    """
    deadline = time.monotonic() + seconds
    return _finish(_ask(port, connections, requests, lambda status, body: status == OK and telling in body, deadline))


def _finish(load: Coroutine[Any, Any, Load]) -> Load:
    """Run a load in a loop of its own; `asyncio.run` would unset the loop of the caller."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(load)


async def _run(
    port: int, connections: int, processing_time: int, *, count: int | None = None, deadline: float | None = None
) -> Load:
    requests = itertools.repeat(request(port, "POST", "/tasks", task_body(processing_time)))
    return await _ask(port, connections, requests, lambda status, _: status == CREATED, deadline, count)


async def _ask(
    port: int,
    connections: int,
    requests: Iterator[bytes],
    counts: Counts,
    deadline: float | None,
    count: int | None = None,
) -> Load:
    loop = asyncio.get_running_loop()
    plan = _Plan(requests, counts, connections, count, deadline)
    start = time.monotonic()
    callers = [loop.create_connection(lambda: _Caller(plan), "127.0.0.1", port) for _ in range(connections)]
    try:
        transports = [transport for transport, _ in await asyncio.gather(*callers)]
        await asyncio.wait_for(plan.ended, PATIENCE)
    except OSError as error:
        raise CannotGoOn(f"no connection to port {port}: {error}") from None
    except TimeoutError:
        raise CannotGoOn(f"the load on port {port} did not end within {PATIENCE:g} s") from None
    plan.load.seconds = time.monotonic() - start
    for transport in transports:
        transport.abort()
    return plan.load


class _Plan:
    """The state that all connections share."""

    def __init__(
        self, requests: Iterator[bytes], counts: Counts, connections: int, count: int | None, deadline: float | None
    ) -> None:
        self._requests = requests
        self._counts = counts
        self.load = Load()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = count
        self._deadline = deadline
        self._busy = connections

    def next(self) -> bytes | None:
        """Return the next request to send, or None if nothing is left to do."""
        if self._left is not None:
            self._left -= 1
        over = self._left is not None and self._left < 0
        if over or (self._deadline is not None and time.monotonic() >= self._deadline):
            self._busy -= 1
            if not self._busy and not self.ended.done():
                self.ended.set_result(None)
            return None
        return next(self._requests)

    def answered(self, status: int, body: bytes) -> None:
        """Count an answer."""
        if self._counts(status, body):
            self.load.created += 1
            if status == CREATED:
                self.load.task_ids.append(json.loads(body)["task_id"])
        else:
            self.load.others += 1

    def broke(self) -> None:
        """Give up, because the server has closed a connection."""
        if not self.ended.done():
            self.ended.set_exception(CannotGoOn("the server closed a connection under load"))


class _Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy; create_connection makes no other
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answer = parse_answer(self._buffer)
        if answer is not None:
            self._buffer = b""
            self._plan.answered(*answer)
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._plan.broke()

    def _send(self) -> None:
        request = self._plan.next()
        if request is not None:
            self._transport.write(request)


def parse_answer(data: bytes) -> tuple[int, bytes] | None:
    """Return status and body of an answer, or None while it is incomplete; chunks are not decoded."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    status_line, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in lines)
    if headers.get(b"transfer-encoding") == b"chunked":
        return (int(status_line.split(b" ", 2)[1]), body) if body.endswith(LAST_CHUNK) else None
    if len(body) < int(headers.get(b"content-length", b"0")):
        return None
    return int(status_line.split(b" ", 2)[1]), body


def request(port: int, method: str, path: str, body: bytes = b"", headers: str = "") -> bytes:
    """Return a request in bytes; each further header line ends in CRLF."""
    typed = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{typed}{headers}\r\n".encode() + body
