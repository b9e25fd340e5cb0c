"""The files of the database: whether those that lie in their place are still those that were opened."""

import os
from pathlib import Path

SUFFIXES = ("", "-wal", "-shm")
"""The database, its log, and the index of the log; SQLite keeps all three open while a connection lives."""


class Files:
    """Knows the files by device and inode, which no other file has as long as they are open.

    It only looks: to open one of them and close it again would drop SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        """Name the database."""
        self._names = [f"{path}{suffix}" for suffix in SUFFIXES]
        self._known: list[tuple[int, int] | None] | None = None

    def learn(self) -> None:
        """Take those that lie there now for those that are open; only the first time counts."""
        if self._known is None:
            self._known = [_identity(name) for name in self._names]

    def lost(self) -> str | None:
        """Return what has become of a file, None while each lies in its place, or while nobody knows which it was."""
        if self._known is None:
            return None
        found = [_identity(name) for name in self._names]
        if found == self._known:
            return None
        for name, known, there in zip(self._names, self._known, found, strict=True):
            if there != known:
                return f"{name} {'was deleted or moved' if there is None else 'was replaced'}"
        return None


def _identity(name: str) -> tuple[int, int] | None:
    try:
        found = os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
