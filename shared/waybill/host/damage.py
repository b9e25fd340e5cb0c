"""What an error of SQLite means for the file: it is damaged, or it cannot be used at the moment."""

import contextlib
import os
import sqlite3
import stat
from pathlib import Path

DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""The last one is raised by a statement if the tables are not those expected."""
UNREADABLE = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})
NO_TEXT = "Could not decode to UTF-8"
"""Python's message, without a code, for a text that is not UTF-8."""

ASIDE = "corrupt-"
ASIDE_KEPT = 3
"""How many damaged files are kept, the latest ones."""


def primary_code(error: sqlite3.Error) -> int | None:
    """Return the error's primary result code, None if it has none."""
    code = _code(error)
    return None if code is None else code & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is the cause, and not a lack of descriptors, rights, memory or disk space."""
    return primary_code(error) in DAMAGE or _code(error) in UNREADABLE or str(error).startswith(NO_TEXT)


def is_no_file(path: Path) -> bool:
    """Whether the path, or that of its journal, leads to something that is no file, such as a directory."""
    modes = map(_mode, (path, _journal(path)))
    return any(mode is not None and not stat.S_ISREG(mode) for mode in modes)


def put_aside(path: Path) -> Path:
    """Rename a file and its journal, and return the file's new name.

    Only the latest `ASIDE_KEPT` renamed files are kept.
    """
    prefix = f"{path.name}.{ASIDE}"
    endings = [one.name.removeprefix(prefix) for one in path.parent.glob(f"{prefix}*")]
    numbers = sorted(int(ending) for ending in endings if ending.isascii() and ending.isdecimal())
    aside = path.with_name(f"{prefix}{numbers[-1] + 1 if numbers else 1}")
    os.replace(path, aside)
    with contextlib.suppress(FileNotFoundError):
        os.replace(_journal(path), _journal(aside))
    for number in numbers[: 1 - ASIDE_KEPT]:
        former = path.with_name(f"{prefix}{number}")
        for one in (former, _journal(former)):
            # A directory here is not ours, so it is left in place.
            with contextlib.suppress(OSError):
                one.unlink()
    return aside


def _code(error: sqlite3.Error) -> int | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
