"""Connections to `tasks.db`: one that writes, and as many as there are threads that read."""

import sqlite3
from pathlib import Path

from peewee import PeeweeException, SqliteDatabase

LARGE_WAL = 64 << 20
"""Bytes of write-ahead log above which it is checkpointed even under load."""

WAL_STEP = 16 << 20
"""Bytes by which a log has to grow before it is checkpointed again, while readers keep it growing."""

MAPPED = 2 << 30
"""Bytes of the database that readers map (SQLite takes a little less).

A database of a million tasks is far larger than their caches, and without a map each page is copied by a call. The
writer maps nothing: SQLite lengthens a mapped file before it writes to it, and a full disk then kills the process.
"""

WRITING = {
    "journal_mode": "wal",
    "synchronous": "full",  # 201 means kept: a commit is on disk before it is answered
    "wal_autocheckpoint": 0,  # the writer checkpoints when it has time
    "journal_size_limit": LARGE_WAL,
    "cache_size": -65_536,
    "temp_store": "memory",
}
READING = {
    "query_only": 1,
    "wal_autocheckpoint": 0,
    "cache_size": -8_192,
    "mmap_size": MAPPED,
    "temp_store": "memory",
}

BUSY_SECONDS = 0.25
"""Seconds that the writer's connection waits for a lock at a time; the writer tries again, and does other work too."""

DATABASE_ERRORS = (sqlite3.Error, PeeweeException)
"""What a bare connection raises, and what Peewee does."""

Connection = sqlite3.Connection
"""What statements run on."""

Database = SqliteDatabase
"""What a thread gets its connection from."""


def writing(path: Path, busy_seconds: float = BUSY_SECONDS) -> SqliteDatabase:
    """Return the database as its one writer opens it; the first one to open it creates it, mode 0600."""
    path.touch(mode=0o600)
    return SqliteDatabase(str(path), pragmas=WRITING, timeout=busy_seconds)


def reading(path: Path) -> SqliteDatabase:
    """Return the database as readers open it; each thread has a connection of its own, which cannot write."""
    return SqliteDatabase(str(path), pragmas=READING)
