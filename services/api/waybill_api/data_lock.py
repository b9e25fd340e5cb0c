"""The lock on a data directory: only its holder writes there, even if the lock's file is removed."""

import asyncio
import errno
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from waybill.host.lockfile import RETRY_SECONDS, LockFile

log = logging.getLogger(__name__)

TICK = 1.0
MOST_FAILURES = 5
"""How many failed looks in a row mean that another process has the lock."""

NO_LOCKS = frozenset({errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""The errors of file systems that cannot lock a folder."""


class FolderLock(LockFile):
    """A lock on the folder itself: replacing it would move all its files too."""

    def _open(self, create: bool) -> int | None:
        return os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _take(self, descriptor: int) -> bool:
        try:
            return super()._take(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in NO_LOCKS:
                raise
            # This file system locks no folders, so the lock's file has to be enough.
            return True


class DataLock:
    """A lock on the file that every version locks and on the folder, which holds even if the file is removed."""

    def __init__(self, file: Path) -> None:
        """Name the lock's file; the folder is the one that it lies in."""
        self.path = file
        self._file = LockFile(file)
        self._folder = FolderLock(file.parent)
        self._failures = 0

    def acquire(self, wait: float = 0, on_wait: Callable[[], None] = lambda: None) -> bool:
        """Try for up to `wait` seconds to take the lock, and return whether it is held; `on_wait` precedes a wait.

        Raises OSError.
        """
        if self._take():
            return True
        if wait > 0:
            on_wait()
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            time.sleep(RETRY_SECONDS)
            if self._take():
                return True
        return False

    def release(self) -> None:
        """Release the lock."""
        self._folder.release()
        self._file.release()

    def look(self) -> bool:
        """Make the lock's file again if it was removed; return whether this process holds the lock."""
        if self._file.is_in_place:
            self._failures = 0
            return True
        self._file.release()
        try:
            taken = self._file.acquire()
        except OSError:
            taken = False
        if taken:
            log.warning("%s had been removed; it was made anew", self.path, extra={"action": "lock_remade"})
        self._failures = 0 if taken else self._failures + 1
        return self._failures < MOST_FAILURES

    async def watch(self, on_lost: Callable[[], None]) -> None:
        """Look every second until cancelled, or until another process has the lock."""
        while self.look():
            await asyncio.sleep(TICK)
        log.critical("%s is another process's now; this one ends", self.path, extra={"action": "lock_lost"})
        on_lost()

    def _take(self) -> bool:
        if not self._file.acquire():
            return False
        if self._folder.acquire():
            return True
        self._file.release()
        return False
