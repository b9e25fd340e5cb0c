"""The SQLite of this Python: whether it supports our statements."""

import sqlite3

OLDEST_SQLITE = (3, 35, 0)
"""The first version with RETURNING, for the queue, and DROP COLUMN, for a migration."""


class SqliteTooOld(Exception):
    """The SQLite of this Python is too old; the message is one line."""


def check_sqlite() -> None:
    """Raise SqliteTooOld if it does not support our statements."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise SqliteTooOld(f"SQLite {sqlite3.sqlite_version} is too old: use a Python with SQLite {needed} or newer")
