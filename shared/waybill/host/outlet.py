"""Standard output and error that never block a writer, even if they are not read."""

import atexit
import contextlib
import errno
import fcntl
import io
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO, cast

from typing_extensions import Buffer

ROOM = 1 << 20
"""Bytes that may wait to be read; further ones are dropped, and their lines counted."""

PIECES = 10_000
"""How many pieces, mostly lines, may wait."""

LONGEST_LINE = 8 * 1024
"""Bytes of a line that are kept until it ends."""

CHUNK = select.PIPE_BUF
"""Bytes that a ready pipe takes without blocking."""

OUT_OF_THE_WAY = 100
"""The lowest descriptor to write to: a file that is opened after 1 or 2 was closed must get no log lines."""

CHILD_PATIENCE = 0.1
"""Seconds that a forked child waits for a reader."""


class Outlet:
    """Writes to a descriptor from a thread of its own; a full, broken or closed pipe delays only that thread.

    A forked child, which has no such thread, writes what the descriptor takes at once and drops the rest.
    """

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor; the thread begins with the first line."""
        self._descriptor = _out_of_the_way(descriptor)
        self._owner = os.getpid()
        # Reentrant: a signal handler may write while it interrupts this code.
        self._changed = threading.Condition(threading.RLock())
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._lost = 0
        self._thread: threading.Thread | None = None
        self._patience = CHILD_PATIENCE

    def put(self, data: bytes) -> None:
        """Queue these bytes, or drop them if too many wait already; never blocks or raises."""
        if os.getpid() != self._owner:
            self._write_as_child(data)
            return
        with self._changed:
            if self._size >= ROOM or len(self._waiting) >= PIECES:
                self._lost += data.count(b"\n")
                return
            self._waiting.append(data)
            self._size += len(data)
            self._start()
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait up to `seconds` until all is written; return whether it is."""
        if os.getpid() != self._owner:
            return True
        with self._changed:
            return self._changed.wait_for(lambda: not self._size, seconds)

    def _start(self) -> None:
        if self._thread is not None:
            return
        thread = threading.Thread(target=self._work, name=f"outlet-{self._descriptor}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No thread can start: now, or for good because the interpreter ends.
            self._write_as_child(b"".join(self._waiting))
            self._waiting.clear()
            self._size = 0
        else:
            self._thread = thread

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                data = self._waiting.popleft()
            is_written = self._write(data)
            with self._changed:
                self._size -= len(data)
                self._lost += 0 if is_written else data.count(b"\n")
                # Not after each line: a slow reader would get one such note a line.
                if is_written and self._lost and self._size < ROOM // 2 and len(self._waiting) < PIECES // 2:
                    self._note_loss()
                self._changed.notify_all()

    def _note_loss(self) -> None:
        count, self._lost = self._lost, 0
        lines = "1 line was" if count == 1 else f"{count:,} lines were"
        note = f"({lines} lost here while nobody read them)\n".encode()
        self._waiting.append(note)
        self._size += len(note)

    def _write(self, data: bytes) -> bool:
        """Write all of it, however long that takes; return whether that succeeded."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                # The parent process has made its end of the pipe non-blocking.
                self._is_ready(None)
            except OSError:
                return False
        return True

    def _write_as_child(self, data: bytes) -> None:
        """Write what the descriptor takes within CHILD_PATIENCE; after one wait in vain, only what it takes at once."""
        view = memoryview(data)
        with contextlib.suppress(OSError):
            while view and self._is_ready(self._patience):
                view = view[os.write(self._descriptor, view[:CHUNK]) :]
        self._patience = 0.0 if view else CHILD_PATIENCE

    def _is_ready(self, seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(None if seconds is None else 1000 * seconds))


class _Raw(io.RawIOBase):
    """The raw stream under a text stream; each thread's lines are its own, and go on whole."""

    def __init__(self, outlet: Outlet, descriptor: int, admit: Callable[[bytes], bytes]) -> None:
        self._outlet = outlet
        self._admit = admit
        self._descriptor = descriptor
        self._begun: dict[int, bytes] = {}
        """The line that each thread, by its id, has begun."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        try:
            return os.isatty(self._descriptor)
        except OSError:
            return False

    def write(self, data: Buffer) -> int:
        copy = bytes(data)
        thread = threading.get_ident()
        lines, end, begun = (self._begun.pop(thread, b"") + copy).rpartition(b"\n")
        if len(begun) > LONGEST_LINE:
            lines, begun = lines + end + begun, b""
        if begun:
            self._begun[thread] = begun
        self._pass_on(lines + end)
        return len(copy)

    def flush(self) -> None:
        """Pass on the line that this thread has begun."""
        self._pass_on(self._begun.pop(threading.get_ident(), b""))

    def flush_all(self) -> None:
        """Pass on the lines that all threads have begun."""
        while self._begun:
            self._pass_on(self._begun.popitem()[1])

    def _pass_on(self, data: bytes) -> None:
        if data and (admitted := self._admit(data)):
            self._outlet.put(admitted)


class _Text(io.TextIOWrapper):
    """A text stream that the whole process shares, so no part of it can close the stream."""

    def close(self) -> None:
        self.flush()


class Outlets:
    """Standard output and error of this process, as outlets."""

    def __init__(self, admit: Callable[[bytes], bytes] = lambda data: data) -> None:
        """Replace `sys.stdout` and `sys.stderr`; from now on a print never blocks.

        `admit` returns the part of a thread's output that is to be written.
        """
        fill_gaps()
        self._outlets = {number: Outlet(number) for number in (1, 2)}
        self._raw = [_Raw(outlet, number, admit) for number, outlet in self._outlets.items()]
        sys.stdout, sys.stderr = map(_stream, self._raw)
        atexit.register(self.flush)

    def end_line(self) -> None:
        """Pass on the lines that this thread has begun."""
        for raw in self._raw:
            raw.flush()

    def flush(self, seconds: float = 1.0) -> None:
        """Wait up to `seconds` until the output is written; to be called before `os._exit`."""
        deadline = time.monotonic() + seconds
        for raw in self._raw:
            raw.flush_all()
        for outlet in self._outlets.values():
            outlet.flush(max(0.0, deadline - time.monotonic()))


def _stream(raw: _Raw) -> TextIO:
    # Nothing waits in the text stream, which all threads share.
    return _Text(cast(io.BufferedWriter, raw), encoding="utf-8", errors="backslashreplace", write_through=True)


def fill_gaps() -> None:
    """Open the standard descriptors that are closed: otherwise the next file would get their number, and log lines."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _out_of_the_way(descriptor: int) -> int:
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, OUT_OF_THE_WAY)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EMFILE):
            return descriptor
        raise
