"""The schema, as numbered SQL files, and what brings a database up to the newest of them."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

from peewee import SqliteDatabase

NAME = re.compile(r"(\d{4})_\w+\.sql")


class DatabaseUnusable(Exception):
    """The database is damaged, is none, or may not be written; the message is one line."""


class DatabaseIsNewer(DatabaseUnusable):
    """The database was written by a newer version of Waybill; this one would not know what it reads."""


def migrations() -> list[tuple[int, Traversable]]:
    """Return every migration with its number, in order."""
    found = ((NAME.fullmatch(entry.name), entry) for entry in files(__package__).iterdir())
    return sorted(((int(match[1]), entry) for match, entry in found if match), key=lambda pair: pair[0])


def migrate(database: SqliteDatabase) -> list[int]:
    """Apply what is missing, each migration in a transaction of its own, and return the numbers applied.

    The number of the newest one applied stands in `PRAGMA user_version`. Raises DatabaseIsNewer.
    """
    known = migrations()
    present = int(database.pragma("user_version"))
    if present > known[-1][0]:
        raise DatabaseIsNewer(f"the database has schema {present}, this version knows {known[-1][0]}")
    applied = [number for number, _ in known if number > present]
    for number, entry in known[len(known) - len(applied) :]:
        script = entry.read_text(encoding="utf-8")
        database.connection().executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    return applied
