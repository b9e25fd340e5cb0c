"""The reading of large bodies in another process, one after another, with limits on time and memory."""

import asyncio
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Timer
from typing import Any, NamedTuple

from pydantic import BaseModel

from waybill.host.starter import bound
from waybill_api.http.bodies.batches import BATCHES, whole_of
from waybill_api.http.bodies.reader import receive, send
from waybill_api.problems import OVERLOADED, TOO_COMPLEX, Refusal

LARGE = 256 * 1024
"""Bytes; a larger body is read in another process."""

ROOM = 24 * 1024 * 1024
"""Bytes of large bodies that are held at once; the clients of further ones wait."""

WAIT_SECONDS = 10.0
"""Seconds that a sender waits for room."""

READ_SECONDS = 20.0
"""Seconds to read one body, including a start of the process."""

MODULE = "waybill_api.http.bodies.reader"


class Read(NamedTuple):
    """A body that was read, and its fingerprint if the caller asked for one."""

    body: BaseModel
    fingerprint: str | None


class BodyPool:
    """A process that reads bodies, started with the first one, and the room for bodies that wait."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._left = ROOM
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        # The kernel ends the process with the thread that started it, so this thread lives as long.
        self._thread = ThreadPoolExecutor(1, "bodies")
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    async def take_room(self, size: int) -> None:
        """Wait until a body of this size may be held. Raises Refusal (503) after some seconds."""
        if not self._waiting and size <= self._left:
            self._left -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        done, _ = await asyncio.wait({turn}, timeout=WAIT_SECONDS)
        if not done:
            self._waiting.remove((size, turn))
            # Smaller bodies behind it may fit.
            self.give_room(0)
            raise _overloaded("Too many large bodies are being read.")

    def give_room(self, size: int) -> None:
        """Free the room of a body for others."""
        self._left += size
        while self._waiting and self._waiting[0][0] <= self._left:
            taken, turn = self._waiting.popleft()
            self._left -= taken
            turn.set_result(None)

    async def read(self, name: str, request: str | None, pieces: Sequence[bytes]) -> Read:
        """Return the body of a call, given in pieces, and its fingerprint if `request` is given. Raises Refusal."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._read, name, request, pieces)

    def close(self) -> None:
        """End the process, even while it reads; no later body is read."""
        self._is_closed = True
        if self._process is not None:
            self._process.kill()
            self._thread.submit(self._end)
        self._thread.shutdown()

    def _read(self, name: str, request: str | None, pieces: Sequence[bytes]) -> Read:
        """Read a body, with a second try if the process ended: it may have run out of memory, or have been killed."""
        for _ in range(2):
            late = Event()
            try:
                return self._read_once(name, request, pieces, late)
            except (OSError, EOFError, pickle.UnpicklingError):
                self._end()
            if self._is_closed:
                break
            if late.is_set():
                raise Refusal(TOO_COMPLEX, "The body takes too long to read.")
        raise _overloaded("Large bodies cannot be read just now.")

    def _read_once(self, name: str, request: str | None, pieces: Sequence[bytes], late: Event) -> Read:
        process = self._process or self._start()

        def stop() -> None:
            late.set()
            process.kill()

        timer = Timer(READ_SECONDS, stop)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdin is not None  # noqa: S101 - they are pipes
            send(process.stdin, pickle.dumps((name, request)))
            send(process.stdin, *pieces)
            process.stdin.flush()
            first, *parts = self._parts(process)
            if isinstance(first, tuple):
                kind, detail, errors, members = first
                raise Refusal(kind, detail, errors=errors, **members)
            return Read(whole_of(BATCHES[name], parts), first)
        finally:
            timer.cancel()

    def _parts(self, process: "subprocess.Popen[bytes]") -> Iterator[Any]:
        assert process.stdout is not None  # noqa: S101 - they are pipes
        while frame := receive(process.stdout):
            yield pickle.loads(frame)  # noqa: S301 - from a process of our own
        if frame is None:
            raise EOFError

    def _start(self) -> "subprocess.Popen[bytes]":
        path = os.pathsep.join(place or os.getcwd() for place in sys.path)
        self._process = subprocess.Popen(
            bound([sys.executable, "-P", "-m", MODULE]),
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(OSError):
                process.communicate()


class Bodies:
    """The pools: one for reports and one for creation, so that workers do not wait for possibly anonymous clients."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self.clients = BodyPool()
        self.reporters = BodyPool()

    def close(self) -> None:
        """End both processes."""
        self.clients.close()
        self.reporters.close()


def _overloaded(detail: str) -> Refusal:
    return Refusal(OVERLOADED, detail, headers={"Retry-After": "5"})
