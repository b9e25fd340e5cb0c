"""The queue in one file, which heals itself."""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from waybill.host.damage import is_damage, is_no_file, primary_code, put_aside
from waybill.queue.errors import QueueUnavailable
from waybill.queue.queue import Queue, Storage
from waybill.queue.sqlite import RouteStorage

logger = logging.getLogger(__name__)

HEALING_TRIES = 4
"""How often a failed operation is tried again: on a new connection, then on a new file."""

WORTH_A_LOOK = (
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
)
"""Errors that a new connection or a new file may cure, unlike a busy file or a full disk."""

GONE = (-1, -1)
"""The identity of a file that is gone."""

T = TypeVar("T")


class FileQueue(Queue):
    """The queue file. It may be deleted, replaced or damaged at any time; then it is made anew, empty.

    Safe to share between threads. Each method raises QueueUnavailable if the file cannot be used at all (a full disk,
    a folder that may not be written to), and no other error of the queue.
    """

    def __init__(self, path: Path) -> None:
        """Open the queue at this path, or make it."""
        # A handler may change the working directory.
        self._path = path.absolute()
        self._lock = threading.Lock()
        self._storage: RouteStorage | None = None
        self._identity: tuple[int, int] | None = None
        self._generation = 0
        self._is_proven = False
        """Whether the open file has worked yet."""
        self._use(lambda storage: None)

    @property
    def generation(self) -> int:
        """How often the file was replaced by another one; the messages of the old one must then be sent again."""
        self._use(lambda storage: None)
        return self._generation

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _use(self, work: Callable[[Storage], T]) -> T:
        with self._lock:
            try:
                return self._healing(work)
            except sqlite3.Error as error:
                raise QueueUnavailable(str(error)) from error

    def _healing(self, work: Callable[[Storage], T]) -> T:
        """Do one piece of work on the file at the path; if it is unusable, make it anew."""
        for _ in range(HEALING_TRIES):
            try:
                done = work(self._current())
            except sqlite3.Error as error:
                if primary_code(error) not in WORTH_A_LOOK:
                    raise
                self._heal(error)
            else:
                self._is_proven = True
                return done
        return work(self._current())

    def _current(self) -> RouteStorage:
        identity = self._look()
        if self._storage is not None and identity == self._identity:
            return self._storage
        if self._storage is not None:
            # The file that replaces it may get its inode number.
            self._identity = GONE
        self._close()
        # The file may be replaced while it is being opened: it must be the same before and after.
        while True:
            storage = RouteStorage(self._path)
            before, identity = identity, self._look()
            if identity is not None and identity == before:
                break
            storage.close()
        if self._identity not in (None, identity):
            self._generation += 1
        self._storage, self._identity, self._is_proven = storage, identity, False
        return storage

    def _look(self) -> tuple[int, int] | None:
        # Only a stat: opening the file and closing it again would drop SQLite's own locks on it.
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _heal(self, error: sqlite3.Error) -> None:
        """Prepare for another try; set the file aside if it failed on a new connection.

        Raises the error if another file would not help: descriptors, rights or memory are lacking.
        """
        identity = self._look()
        is_known = self._storage is None or identity == self._identity
        is_old = self._storage is not None and self._is_proven
        self._close()
        if identity is not None and is_known:
            if is_old:
                return
            self._set_aside(error)
        self._identity = self._identity and GONE

    def _set_aside(self, error: sqlite3.Error) -> None:
        if not (is_damage(error) or is_no_file(self._path)):
            raise error
        try:
            aside = put_aside(self._path)
        except OSError:
            raise error from None
        logger.warning("The queue file is unusable (%s): set aside as %s", error, aside.name)

    def _close(self) -> None:
        storage, self._storage = self._storage, None
        if storage is not None:
            storage.close()
