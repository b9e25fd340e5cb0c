"""Counts the updates of Waybill's table `tasks`: by a trigger in its database, and by its own metrics."""

import contextlib
import http.client
import re
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
"""Only the API's writer may checkpoint; this connection is closed before there is anything to write."""

BUSY_SECONDS = 10.0

SAMPLE = re.compile(r'^waybill_(task_updates|reports)_total(?:\{outcome="(\w+)"\})? (\S+)$', re.MULTILINE)


def begin_to_count(database: Path) -> None:
    """Let the database count from now on."""
    with contextlib.closing(sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.executescript(COUNTING)


def counted(database: Path) -> int:
    """Return how many rows of `tasks` have been updated."""
    with contextlib.closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA query_only = 1")
        return int(connection.execute("SELECT count FROM demo_updates").fetchone()[0])


def said(port: int) -> tuple[int, dict[str, int]]:
    """Return from `/metrics` how many rows of `tasks` were updated, and how many reports had each outcome."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BUSY_SECONDS)
    try:
        connection.request("GET", "/metrics")
        found = SAMPLE.findall(connection.getresponse().read().decode())
    finally:
        connection.close()
    values = {outcome or name: int(float(value)) for name, outcome, value in found}
    updates = values.pop("task_updates")
    return updates, {outcome: count for outcome, count in values.items() if count}
