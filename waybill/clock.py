"""The logical clock that travels with the data."""

import fcntl
import logging
import os
import secrets
import threading
from pathlib import Path

logger = logging.getLogger(__name__)

BLOCK = 1_000
"""How many numbers are set aside at once, so that only one in so many costs a write."""

DIGITS = 20

HIGHEST = 2**52
"""A file that says more than this is damaged: half of what the API takes for a number."""

LEAP = 2**16
"""How far a number may lie above the one before while the file fails, so that two processes hardly ever share one."""


class LogicalClock:
    """Numbers what one source says, so that each number is higher than all that it had seen before.

    L. Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978. One clock for all tasks: its
    numbers are distinct, whichever threads, and whichever processes with the same file, report on the same task. The
    file holds how far numbers were given out, so that a process that starts again does not begin below its own last.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self._path = path
        self._lock = threading.Lock()
        self._last = 0
        self._own = 0
        """Up to here the numbers above the last one belong to this process."""
        self._fails = False

    def tick(self, received: int) -> int:
        """Return the next number: max(received, own last) + 1, or a later one that is free."""
        with self._lock:
            self._last = max(received, self._last) + 1
            if self._last > self._own:
                self._reserve()
            return self._last

    def _reserve(self) -> None:
        """Set a block of numbers aside; where that fails, it is tried again with the next number."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                written = os.pread(descriptor, DIGITS, 0)
                kept = int(written) if written.isdigit() else 0
                self._last = max(self._last, kept + 1 if kept <= HIGHEST else 0)
                self._own = self._last + BLOCK - 1
                os.pwrite(descriptor, b"%0*d" % (DIGITS, self._own), 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            if not self._fails:
                logger.error("The numbers of reports are not kept for the next process, going on trying: %s", error)
            # A folder that is missing is no other process's either.
            if not isinstance(error, FileNotFoundError):
                self._last += secrets.randbelow(LEAP)
            self._own = self._last
            self._fails = True
        else:
            self._fails = False
