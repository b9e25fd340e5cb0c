"""The naive tracker's one table, on SQLite or on PostgreSQL."""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, Protocol

COLUMNS = ("status", "stage", "progress", "metadata", "result")
JSON = ("metadata", "result")
NEW = 1
PATIENCE = 10.0
"""Seconds within which PostgreSQL's statistics have come."""

TABLE: LiteralString = """
CREATE TABLE tasks (
    key TEXT PRIMARY KEY, status INTEGER NOT NULL, stage TEXT, progress REAL, metadata {json}, result {json}
)
"""
INDEX: LiteralString = "CREATE INDEX tasks_by_status ON tasks (status)"
"""How one finds all that failed; it is also why many an UPDATE in PostgreSQL has to write to every index."""


class Records(Protocol):
    """What the tracker needs of a database."""

    def create(self, keys: Sequence[str]) -> None:
        """Add a NEW row for each key."""

    def update(self, key: str, fields: Mapping[str, Any]) -> int | None:
        """Set these fields, whatever stood there, and return the status that the row now has; None without a row."""

    def everything(self) -> list[dict[str, Any]]:
        """Return all rows."""

    def costs(self) -> dict[str, int]:
        """Return what the updates have cost: their number, and what else the database counts."""


class SqliteRecords:
    """Rows in a SQLite file."""

    def __init__(self, path: str) -> None:
        """Make the table. Commits are not flushed to disk, which spares this tracker what Waybill pays for."""
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.execute("PRAGMA synchronous = off")
        self._connection.execute(TABLE.format(json="TEXT"))
        self._connection.execute(INDEX)
        self._inserted = 0

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def create(self, keys: Sequence[str]) -> None:
        """Add a NEW row for each key."""
        self._connection.executemany("INSERT INTO tasks (key, status) VALUES (?, ?)", [(key, NEW) for key in keys])
        self._inserted = self._connection.total_changes

    def update(self, key: str, fields: Mapping[str, Any]) -> int | None:
        """Set these fields, whatever stood there."""
        names, values = _plain(fields)
        assignments = ", ".join(f"{name} = ?" for name in names)
        sql = f"UPDATE tasks SET {assignments} WHERE key = ? RETURNING status"  # noqa: S608  # of our own names
        row = self._connection.execute(sql, (*values, key)).fetchone()
        return None if row is None else int(row[0])

    def everything(self) -> list[dict[str, Any]]:
        """Return all rows."""
        rows = self._connection.execute("SELECT key, status, metadata FROM tasks")
        return [{"key": key, "status": status, "metadata": json.loads(text or "{}")} for key, status, text in rows]

    def costs(self) -> dict[str, int]:
        """Return the number of rows updated."""
        return {"updates": self._connection.total_changes - self._inserted}


class PostgresRecords:
    """Rows in PostgreSQL."""

    def __init__(self, conninfo: str) -> None:
        """Make the table."""
        import psycopg  # an extra, which the tracker on SQLite does without  # noqa: PLC0415

        self._connection = psycopg.connect(conninfo, autocommit=True)
        self._connection.execute(TABLE.format(json="JSONB"))
        self._connection.execute(INDEX)
        self._start = self._position()
        self._updates = 0

    def create(self, keys: Sequence[str]) -> None:
        """Add a NEW row for each key."""
        with self._connection.cursor() as cursor, self._connection.transaction():
            cursor.executemany("INSERT INTO tasks (key, status) VALUES (%s, %s)", [(key, NEW) for key in keys])
        self._connection.execute("CHECKPOINT")
        self._start = self._position()

    def update(self, key: str, fields: Mapping[str, Any]) -> int | None:
        """Set these fields, whatever stood there."""
        names, values = _plain(fields)
        assignments = ", ".join(f"{name} = %s" for name in names)
        sql = f"UPDATE tasks SET {assignments} WHERE key = %s RETURNING status"  # noqa: S608  # of our own names
        row = self._connection.execute(sql.encode(), (*values, key)).fetchone()
        self._updates += row is not None
        return None if row is None else int(row[0])

    def everything(self) -> list[dict[str, Any]]:
        """Return all rows."""
        rows = self._connection.execute("SELECT key, status, metadata FROM tasks")
        return [{"key": key, "status": status, "metadata": metadata or {}} for key, status, metadata in rows]

    def costs(self) -> dict[str, int]:
        """Return rows updated, those without new index entries (HOT), dead versions, and bytes of log."""
        wal = self._one("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", self._start)[0]
        seen = "SELECT n_tup_upd, n_tup_hot_upd, n_dead_tup FROM pg_stat_user_tables WHERE relname = 'tasks'"
        deadline = time.monotonic() + PATIENCE
        while (counted := self._one(seen))[0] < self._updates and time.monotonic() < deadline:
            time.sleep(0.1)
        return {
            "updates": int(counted[0]),
            "hot_updates": int(counted[1]),
            "dead_tuples": int(counted[2]),
            "wal_bytes": int(wal),
        }

    def _position(self) -> str:
        return str(self._one("SELECT pg_current_wal_insert_lsn()")[0])

    def _one(self, sql: LiteralString, *values: str) -> Any:
        return self._connection.execute(sql, values).fetchone()


def _plain(fields: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    """Return the columns that are named, and their values with JSON as text."""
    names = [name for name in COLUMNS if name in fields]
    return names, [json.dumps(fields[name]) if name in JSON else fields[name] for name in names]
