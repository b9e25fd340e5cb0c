"""The files of the database: whether their paths still lead to the files that were opened."""

import os
from pathlib import Path

SUFFIXES = ("", "-wal", "-shm")
"""The database, its log, and the index of the log; SQLite keeps all three open while a connection lives."""

KEEPING = 2
"""How many of them (the first ones) hold commits."""

NOWHERE = -1, -1


class Files:
    """Knows the files by device and inode, which are unique while the files are open.

    It never opens one: closing it again would drop SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        """Name the database."""
        self._names = [f"{path}{suffix}" for suffix in SUFFIXES]
        self._known: list[tuple[str, int, int]] = []

    def learn(self) -> None:
        """Note the files that are in place now as the open ones; later calls change nothing."""
        if not self._known:
            self._known = [(name, *_identity(name)) for name in self._names]

    def lost(self, *, only_keeping: bool = False) -> str | None:
        """Return what happened to a file; None if all are in place, or before `learn`.

        With `only_keeping`, the index of the log may be missing: commits are kept nonetheless.
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
