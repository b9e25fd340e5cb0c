"""A lock that the operating system releases when its holder dies, however it dies."""

import contextlib
import fcntl
import os
import time
from functools import cache
from pathlib import Path

RETRY_SECONDS = 0.05


class LockFile:
    """An exclusive lock on a file of its own, held by this process and not by its children."""

    def __init__(self, path: Path) -> None:
        """Take the path; nothing is opened yet."""
        self.path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    @property
    def is_in_place(self) -> bool:
        """Whether this object holds the lock, and its file is still in place."""
        return self._descriptor is not None and self._still_lies_there(self._descriptor)

    def acquire(self, wait: float = 0, *, create: bool = True) -> bool:
        """Try for up to `wait` seconds to take the lock, and return whether it is held.

        If `create` is false, a missing file counts as taken: another process has finished with it.
        """
        deadline = time.monotonic() + wait
        while True:
            descriptor = self._open(create)
            if descriptor is not None and self._take(descriptor):
                return True
            if not create and not self.path.exists():
                return False
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(RETRY_SECONDS, left))

    def renew(self) -> None:
        """Take the lock again if its file or folder was removed, so that no other process takes the holder for dead."""
        lost = self._descriptor
        with contextlib.suppress(OSError):
            if lost is None or self._still_lies_there(lost):
                return
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            if self.acquire():
                os.close(lost)

    def release(self, unlink: bool = False) -> None:
        """Release the lock; with `unlink`, remove its file first."""
        if self._descriptor is None:
            return
        if unlink:
            self.path.unlink(missing_ok=True)
        self._close()

    def _open(self, create: bool) -> int | None:
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        try:
            return os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            if create:
                raise
            return None

    def _take(self, descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        # The file may have been removed, or replaced, between the open and the lock.
        if not self._still_lies_there(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        _held_here().add(self)
        return True

    def _still_lies_there(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        _held_here().discard(self)
        if descriptor is not None:
            os.close(descriptor)


@cache
def _held_here() -> set[LockFile]:
    """Return the locks that this process holds.

    A forked child shares them until it closes its copies, and may outlive this process. A function that is registered
    for forks stays registered, so there is one for all locks.
    """
    held: set[LockFile] = set()

    def close_all() -> None:
        for lock in tuple(held):
            lock._close()

    os.register_at_fork(after_in_child=close_all)
    return held
