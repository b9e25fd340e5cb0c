"""Descriptors: whether the process has any left, and a reserve for its end."""

import errno
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress

from waybill.host.descriptors import allowed_descriptors

logger = logging.getLogger(__name__)

KEPT = 24
"""How many descriptors are reserved, to deliver reports, spool the rest and say goodbye."""

SHORTAGE_SECONDS = 1.0
"""Seconds without a free descriptor that count as a shortage: many handlers may need all for a moment."""


class Descriptors:
    """Detects that handlers have used up the descriptors of the process, or have closed some of the worker's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Reserve up to KEPT descriptors; `clock` counts monotonic seconds."""
        self._clock = clock
        self._since: float | None = None
        self._kept: list[int] = []
        self._null = os.stat(os.devnull).st_rdev
        with suppress(OSError):
            while len(self._kept) < KEPT:
                self._kept.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))

    def are_gone(self) -> bool:
        """Return whether every look for `SHORTAGE_SECONDS` found none free; if so, release the reserve.

        Also return true if a reserved one was closed, since the worker's connections and files may be closed too.
        """
        if self._was_robbed():
            logger.critical("A handler has closed descriptors that are not its own: only a new process is safe")
            return True
        try:
            os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                return False
        else:
            self._since = None
            return False
        now = self._clock()
        self._since = now if self._since is None else self._since
        if now - self._since < SHORTAGE_SECONDS:
            return False
        limit = allowed_descriptors()
        logger.critical("No descriptor is left of %d: a handler may leak them, and only a new process has some", limit)
        self.release()
        return True

    def _was_robbed(self) -> bool:
        """Return whether a reserved one was closed, or is another file now; such a one is not closed again."""
        before = len(self._kept)
        self._kept = [descriptor for descriptor in self._kept if self._is_ours(descriptor)]
        return len(self._kept) < before

    def _is_ours(self, descriptor: int) -> bool:
        try:
            return os.fstat(descriptor).st_rdev == self._null
        except OSError:
            return False

    def release(self) -> None:
        """Release the reserve."""
        while self._kept:
            with suppress(OSError):
                os.close(self._kept.pop())
