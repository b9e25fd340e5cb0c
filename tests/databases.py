"""New databases: made once in a process and then copied, since to make one takes longer than most tests do."""

from functools import cache
from pathlib import Path

from peewee import SqliteDatabase

from waybill_api.store.engine.database import WRITING
from waybill_api.store.engine.migrations import migrate


@cache
def _new() -> bytes:
    database = SqliteDatabase(":memory:", pragmas=WRITING)
    migrate(database)
    with database.connection_context():
        made: bytes = database.connection().serialize()
    return made


def new_database(path: Path) -> None:
    """Put a new database at `path`, for a store to open; one that is there already stays."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_new())


def new_in_memory() -> SqliteDatabase:
    """Return a new database that is kept in memory, for the caller to close."""
    database = SqliteDatabase(":memory:", pragmas=WRITING)
    database.connection().deserialize(_new())
    return database
