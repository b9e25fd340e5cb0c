"""Errors of SQLite as domain errors, and as conditions of the whole service."""

import json
import os
import sqlite3
from pathlib import Path

from waybill.domain.errors import StorageFull, StoreBusy, StoreDamaged, StoreFails, StoreLost, Unavailable
from waybill_api.conditions import (
    DATABASE_DAMAGED,
    DATABASE_FAILS,
    DATABASE_LOST,
    DISK_FULL,
    Conditions,
)
from waybill_api.store.engine.database import DATABASE_ERRORS

BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
FAILING = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOLFS,
    }
)
NO_ROOM = sqlite3.SQLITE_FULL
NO_TEXT = "Could not decode to UTF-8"
"""The message of Python's sqlite3, without a code, for a text that is not UTF-8."""

LEAST_ROOM = 256 << 10
"""The free bytes below which a disk counts as full: a task and its events may need as much."""

FULL = "the disk that holds the data is full, so that nothing new can be kept"


class Trouble:
    """Translates an error, and holds the condition that it stands for."""

    def __init__(self, path: Path, conditions: Conditions) -> None:
        """Take the database's path, for the messages and for a look at its disk."""
        self._path = path
        self._conditions = conditions

    def explain(self, error: BaseException) -> BaseException:
        """Return the error for the client: a domain error if the storage is to blame, otherwise the error itself."""
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
            return self.damaged(f"what was written there cannot be read: {error}")
        if not isinstance(error, DATABASE_ERRORS):
            return error
        code = code_of(error)
        if code == NO_ROOM or (code in FAILING and not has_room(self._path.parent)):
            self._conditions.hold(DISK_FULL, FULL)
            return StorageFull()
        if code in BUSY:
            return StoreBusy()
        if code in DAMAGED or NO_TEXT in str(error):
            return self.damaged(text_of(error))
        if code in FAILING:
            self._conditions.hold(DATABASE_FAILS, f"{self._path} cannot be read or written: {text_of(error)}")
            return StoreFails()
        return error

    def damaged(self, said: str) -> StoreDamaged:
        """Note that the database is damaged; no further write is accepted."""
        remedy = "stop the service and put a good copy in its place, or save what is left with sqlite3's .recover"
        self._conditions.hold(DATABASE_DAMAGED, f"{self._path} is damaged ({said}); {remedy}")
        return StoreDamaged()

    def lost(self, said: str) -> StoreLost:
        """Note that the database's files are not in place any more."""
        self._conditions.hold(DATABASE_LOST, f"{said} while in use; this process ends, since nothing would be kept")
        return StoreLost()

    @property
    def bar(self) -> Unavailable | None:
        """The reason why nothing may be written; None if writes are allowed."""
        if DATABASE_LOST in self._conditions:
            return StoreLost()
        return StoreDamaged() if DATABASE_DAMAGED in self._conditions else None


def code_of(error: BaseException) -> int | None:
    """Return SQLite's primary result code of an error, which peewee may wrap; None if it has none."""
    code: int | None = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def text_of(error: BaseException) -> str:
    """Return SQLite's message, without the repetition that peewee adds."""
    return str(error.args[0]) if error.args else str(error)


def has_room(folder: Path) -> bool:
    """Whether a folder's disk has enough room for this user; an unknown amount counts as enough."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return True
    free = found.f_bfree if os.geteuid() == 0 else found.f_bavail
    return free * found.f_frsize >= LEAST_ROOM
