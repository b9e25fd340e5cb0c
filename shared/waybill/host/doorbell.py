"""How the API wakes idle workers: each has a FIFO of its own in the data directory."""

import contextlib
import os
import select
import stat
from collections.abc import Callable
from pathlib import Path

RING, CALL = b"!", b"?"
"""The bytes that ring: there are messages, or the owner must send a heartbeat now."""


class Doorbell:
    """A worker's own FIFO: a byte that is written to it wakes the worker."""

    def __init__(self, path: Path, on_call: Callable[[], None] = lambda: None) -> None:
        """Make the FIFO, readable by its owner alone; `wait` calls `on_call` if a heartbeat is wanted now."""
        self._path = path
        self._on_call = on_call
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        # Opened for writing too, so that it never reports "no writer left" and the owner can ring it.
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        # Not select: a process with many sockets has descriptors above 1,023.
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def wait(self, timeout: float) -> bool:
        """Sleep until a ring, for at most `timeout` seconds; several rings count as one."""
        if not self._poll.poll(timeout * 1000):
            return False
        is_called, read = False, RING
        with contextlib.suppress(BlockingIOError):
            while read:
                read = os.read(self._descriptor, 65_536)
                is_called |= CALL in read
        if is_called:
            self._on_call()
        return True

    def ring(self) -> None:
        """Wake the owner from another thread of its own."""
        # A full FIFO has rung already; the thread that waits detects one that a handler has closed.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, RING)

    def close(self) -> None:
        """Take the FIFO away."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def ring_all(folder: Path) -> None:
    """Ring every doorbell in the folder without ever blocking or failing; without a listener, nothing happens."""
    try:
        paths = [entry.path for entry in os.scandir(folder)]
    except OSError:
        return
    for path in paths:
        with contextlib.suppress(OSError):
            _ring(path)


def call(folder: Path, worker_id: str) -> None:
    """Make one worker send a heartbeat now, without ever blocking or failing. A worker of 0.1.0 only wakes."""
    path = folder / worker_id
    # The id comes from a claim, so it may be any text.
    if path.parent == folder and path.name == worker_id:
        with contextlib.suppress(OSError, ValueError):
            _ring(str(path), CALL)


def _ring(path: str, what: bytes = RING) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.write(descriptor, what)
    finally:
        os.close(descriptor)
