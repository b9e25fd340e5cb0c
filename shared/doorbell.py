"""How the API wakes idle workers: each has a FIFO of its own in the data directory."""

import contextlib
import os
import select
import stat
from pathlib import Path


class Doorbell:
    """A worker's own FIFO: whoever writes a byte to it wakes the worker."""

    def __init__(self, path: Path) -> None:
        """Make the FIFO, readable by its owner alone."""
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        # Opened for writing too, so that it never reports "no writer left" and the owner can ring it.
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        # Not select: a process with many sockets has descriptors above 1,023.
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def wait(self, timeout: float) -> bool:
        """Sleep until somebody rings, for at most `timeout` seconds; however often it rang, it is one ring."""
        if not self._poll.poll(timeout * 1000):
            return False
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self._descriptor, 65_536)) == 65_536:
                pass
        return True

    def ring(self) -> None:
        """Wake the owner from another thread of its own."""
        # A full FIFO has rung; one that a handler has closed is found out by whoever waits.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, b"!")

    def close(self) -> None:
        """Take the FIFO away."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def ring_all(folder: Path) -> None:
    """Ring every doorbell in the folder without ever blocking or failing; where nobody listens, nothing happens."""
    try:
        paths = [entry.path for entry in os.scandir(folder)]
    except OSError:
        return
    for path in paths:
        with contextlib.suppress(OSError):
            _ring(path)


def _ring(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.write(descriptor, b"!")
    finally:
        os.close(descriptor)
