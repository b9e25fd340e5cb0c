"""What a look at a database's files tells before they are used."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

STEPS = 20_000
"""Instructions of SQLite's virtual machine between two looks at the clock."""


def found_in(connection: sqlite3.Connection, seconds: float, clock: Callable[[], float]) -> str | None:
    """Look for damage for up to `seconds`, and return the first that is found. Raises sqlite3.Error."""
    deadline = clock() + seconds
    connection.set_progress_handler(lambda: clock() > deadline, STEPS)
    try:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        connection.set_progress_handler(None, STEPS)
    return None if said == "ok" else " ".join(str(said).split())


def lacks_log(path: Path) -> bool:
    """Return whether a database that uses a write-ahead log is without one; ask before a connection creates it."""
    if path.with_name(f"{path.name}-wal").exists():
        return False
    with closing(path.open("rb")) as file:
        return file.read(20)[18:] == b"\x02\x02"
