"""The files of the database: whether those that lie in their place are still those that were opened."""

import os
from pathlib import Path

SUFFIXES = ("", "-wal", "-shm")
"""The database, its log, and the index of the log; SQLite keeps all three open while a connection lives."""

KEEPING = 2
"""How many of them, the first ones, hold what was committed."""

NOWHERE = -1, -1


class Files:
    """Knows the files by device and inode, which no other file has as long as they are open.

    It only looks: to open one of them and close it again would drop SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        """Name the database."""
        self._names = [f"{path}{suffix}" for suffix in SUFFIXES]
        self._known: list[tuple[str, int, int]] = []

    def learn(self) -> None:
        """Take those that lie there now for those that are open; only the first time counts."""
        if not self._known:
            self._known = [(name, *_identity(name)) for name in self._names]

    def lost(self, *, only_keeping: bool = False) -> str | None:
        """Return what has become of a file, None while each lies in its place, or while nobody knows which it was.

        With `only_keeping`, the index of the log may be gone: what is committed is kept all the same.
        """
        for name, device, inode in self._known[:KEEPING] if only_keeping else self._known:
            try:
                found = os.stat(name)
            except (FileNotFoundError, NotADirectoryError):
                return f"{name} was deleted or moved"
            if found.st_ino != inode or found.st_dev != device:
                return f"{name} was replaced"
        return None


def _identity(name: str) -> tuple[int, int]:
    try:
        found = os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        return NOWHERE
    return found.st_dev, found.st_ino
