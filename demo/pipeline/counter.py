"""Counts the updates of Waybill's `tasks` where they happen: by a trigger in the database that is thrown away."""

import contextlib
import sqlite3
from pathlib import Path

COUNTING = """
PRAGMA wal_autocheckpoint = 0;
BEGIN IMMEDIATE;
CREATE TABLE demo_updates (count INTEGER NOT NULL);
INSERT INTO demo_updates VALUES (0);
CREATE TRIGGER demo_counts_updates AFTER UPDATE ON tasks BEGIN UPDATE demo_updates SET count = count + 1; END;
COMMIT;
"""
"""Only the API's writer may checkpoint, and this connection is closed before there is anything to write."""

BUSY_SECONDS = 10.0


def begin_to_count(database: Path) -> None:
    """Have the database count from now on."""
    with contextlib.closing(sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.executescript(COUNTING)


def counted(database: Path) -> int:
    """Return how many rows of `tasks` have been updated."""
    with contextlib.closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA query_only = 1")
        return int(connection.execute("SELECT count FROM demo_updates").fetchone()[0])
