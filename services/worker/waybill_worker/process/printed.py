"""The output of handlers: passed on up to `CAP` bytes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CAP = 256 * 1024
"""Bytes that one run may print; also the bytes a minute of all threads that handlers have started."""

MINUTE = 60.0

ISOLATION = "isolation"
"""The name of the threads that relay the output of isolated runs, which is bounded already."""


class Allowance:
    """The number of bytes that may still be printed."""

    def __init__(self, who: str) -> None:
        """Take the name of the printer, with which the note about cut output begins."""
        self._room = CAP
        self._who = who

    def take(self, data: bytes) -> bytes:
        """Return the part of `data` that may be printed; the last part ends with a note about the cut."""
        room, self._room = self._room, self._room - len(data)
        if room <= 0:
            return b""
        if self._room > 0:
            return data
        return data[:room].rstrip(b"\n") + f"\n(what {self._who} beyond {CAP:,} bytes is left out)\n".encode()


class Printed:
    """Decides how much each thread may write to standard output and error."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Pass everything on until `spare` or `counted` is called; `clock` counts monotonic seconds."""
        self._clock = clock
        self._run = threading.local()
        self._own: set[int | None] | None = None
        self._others = Allowance("")
        self._renewed_at = float("-inf")
        self.end_line: Callable[[], None] = lambda: None
        """Has the streams pass on the line that this thread has begun."""

    def spare(self) -> None:
        """From now on count the output of threads that start later, since handlers start them."""
        self._own = {thread.ident for thread in threading.enumerate()}

    @contextmanager
    def counted(self, task_id: str, keep: Callable[[bytes], None] = lambda data: None) -> Iterator[None]:
        """Count the output of this thread for a task; `keep` is given all of it."""
        self._run.allowance, self._run.keep = Allowance(f"task {task_id} prints"), keep
        try:
            yield
        finally:
            self.end_line()
            self._run.allowance = None

    def admit(self, data: bytes) -> bytes:
        """Return the part of `data` that may be written."""
        allowance: Allowance | None = getattr(self._run, "allowance", None)
        if allowance is not None:
            self._run.keep(data)
            return allowance.take(data)
        if self._own is None or threading.get_ident() in self._own or threading.current_thread().name == ISOLATION:
            return data
        now = self._clock()
        if now - self._renewed_at >= MINUTE:
            self._others, self._renewed_at = Allowance("threads of handlers print in a minute"), now
        return self._others.take(data)
