"""Our own load: kept-alive connections that each create the next task as soon as the last one is answered."""

import asyncio
import json
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from benchmarks.client import task_body
from benchmarks.process import BenchError

NAME = "our own client"
CREATED = 201
PATIENCE = 120.0
"""Seconds without an end after which a load is given up."""


@dataclass(slots=True)
class Load:
    """What came of a load; only answers 201 count as created."""

    created: int = 0
    others: int = 0
    seconds: float = 0.0
    task_ids: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Creates per second."""
        return self.created / self.seconds

    def check(self) -> "Load":
        """Return it, or raise BenchError where anything but 201 was answered."""
        if self.others or not self.created:
            raise BenchError(f"{self.others} of {self.created + self.others} creates were not answered with 201")
        return self


def create_for(port: int, seconds: float, connections: int) -> Load:
    """Create tasks of 0 s for so many seconds. Raises BenchError where a connection breaks."""
    return _finish(_run(port, connections, 0, deadline=time.monotonic() + seconds))


def create_many(port: int, count: int, processing_time: int, connections: int) -> Load:
    """Create exactly so many tasks. Raises BenchError where a connection breaks."""
    return _finish(_run(port, connections, processing_time, count=count))


def _finish(load: Coroutine[Any, Any, Load]) -> Load:
    """Run a load in a loop of its own; `asyncio.run` would take away the one that its caller may have."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(load)


async def _run(
    port: int, connections: int, processing_time: int, *, count: int | None = None, deadline: float | None = None
) -> Load:
    loop = asyncio.get_running_loop()
    plan = _Plan(_request(port, processing_time), connections, count, deadline)
    start = time.monotonic()
    callers = [loop.create_connection(lambda: _Caller(plan), "127.0.0.1", port) for _ in range(connections)]
    try:
        transports = [transport for transport, _ in await asyncio.gather(*callers)]
        await asyncio.wait_for(plan.ended, PATIENCE)
    except OSError as error:
        raise BenchError(f"no connection to port {port}: {error}") from None
    except TimeoutError:
        raise BenchError(f"the load on port {port} did not end within {PATIENCE:g} s") from None
    plan.load.seconds = time.monotonic() - start
    for transport in transports:
        transport.abort()
    return plan.load


class _Plan:
    """What all connections do together."""

    def __init__(self, request: bytes, connections: int, count: int | None, deadline: float | None) -> None:
        self.request = request
        self.load = Load()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = count
        self._deadline = deadline
        self._busy = connections

    def next(self) -> bytes | None:
        """Return the next request to send, or None where the caller has nothing left to do."""
        if self._left is not None:
            self._left -= 1
        over = self._left is not None and self._left < 0
        if over or (self._deadline is not None and time.monotonic() >= self._deadline):
            self._busy -= 1
            if not self._busy and not self.ended.done():
                self.ended.set_result(None)
            return None
        return self.request

    def answered(self, status: int, body: bytes) -> None:
        """Count an answer."""
        if status == CREATED:
            self.load.created += 1
            self.load.task_ids.append(json.loads(body)["task_id"])
        else:
            self.load.others += 1

    def broke(self) -> None:
        """Give up, since a connection was closed in the middle."""
        if not self.ended.done():
            self.ended.set_exception(BenchError("the server closed a connection under load"))


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
    """Return status and body of an answer with a Content-Length, or None while it has not come as a whole."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    status_line, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in lines)
    if len(body) < int(headers.get(b"content-length", b"0")):
        return None
    return int(status_line.split(b" ", 2)[1]), body


def _request(port: int, processing_time: int) -> bytes:
    body = task_body(processing_time)
    head = f"POST /tasks HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
