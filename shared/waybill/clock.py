"""The logical clock that travels with the data."""

import fcntl
import logging
import os
import secrets
import threading
from pathlib import Path

logger = logging.getLogger(__name__)

BLOCK = 1_000
"""How many numbers one write reserves."""

DIGITS = 20

HIGHEST = 2**52
"""A higher number in the file means that it is damaged; the API accepts numbers up to twice this."""

LEAP = 2**16
"""The largest step between two numbers while the file fails, so that two processes hardly ever share one."""


class LogicalClock:
    """Numbers the reports of one source; each number is higher than all that the source has seen before.

    L. Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978. All tasks share one clock, and
    all threads and processes with the same file draw distinct numbers. The file holds the highest reserved number, so
    that a process that starts again does not begin below its own last.
    """

    def __init__(self, path: Path) -> None:
        """Take the path; nothing is opened yet."""
        self._path = path
        self._lock = threading.Lock()
        self._last = 0
        self._own = 0
        """The last number that is reserved for this process."""
        self._fails = False

    def tick(self, received: int) -> int:
        """Return the next number: max(received, own last) + 1, or a higher one that is free."""
        with self._lock:
            self._last = max(received, self._last) + 1
            if self._last > self._own:
                self._reserve()
            return self._last

    def _reserve(self) -> None:
        """Reserve a block of numbers; if that fails, the next number tries again."""
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
                logger.error("The last number of a report cannot be saved for the next process; retrying: %s", error)
            # Without the folder, no other process has numbers from it either.
            if not isinstance(error, FileNotFoundError):
                self._last += secrets.randbelow(LEAP)
            self._own = self._last
            self._fails = True
        else:
            self._fails = False
