"""The spool: the reports that one process could not deliver yet, on disk and in order."""

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waybill.host.ownership import hand_over
from waybill.host.private_file import MODE, make_private

SCHEMA = """
create table if not exists reports (
    id integer primary key autoincrement, task_id text not null, run integer not null,
    is_final integer not null, text text not null
);
create table if not exists deferred (
    id integer primary key autoincrement, until real not null, task_id text not null, run integer not null,
    is_final integer not null, text text not null
);
create index if not exists deferred_of_task on deferred (task_id, id);
create table if not exists dead_letters (
    id integer primary key, recorded_at text not null default current_timestamp, reason text not null,
    text text not null
);
create table if not exists state (name text primary key, value integer not null);
"""
DEAD_LETTERS = "dead-letters"
DEAD_LETTERS_KEPT = 10_000
"""How many dead letters are kept, the newest ones: a reporter that is wrong for weeks must not fill the disk."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A report on its way: its JSON text, its run, and whether it ends that run."""

    task_id: str
    run: int
    is_final: bool
    text: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """A parcel that is retried until `until`, in monotonic seconds of its owner's clock."""

    id: int
    until: float
    parcel: Parcel


class Spool:
    """One process's undelivered reports; every change is on disk (fsync) when its call returns.

    The file is made by the first write. One thread at a time may use it. Methods raise sqlite3.Error.
    """

    def __init__(self, path: Path) -> None:
        """Take the path; nothing is opened yet."""
        self.path = path
        self._connection: sqlite3.Connection | None = None

    def append(self, parcels: Sequence[Parcel]) -> None:
        """Keep parcels behind those that are kept already."""
        rows = [(one.task_id, one.run, one.is_final, one.text) for one in parcels]
        with self._open() as connection:
            connection.executemany("insert into reports (task_id, run, is_final, text) values (?, ?, ?, ?)", rows)

    def first(self, limit: int) -> list[Parcel]:
        """Return up to `limit` of the oldest parcels; they stay until they are removed."""
        if not self.exists:
            return []
        rows = self._open().execute("select task_id, run, is_final, text from reports order by id limit ?", (limit,))
        return [Parcel(task_id, run, bool(is_final), text) for task_id, run, is_final, text in rows]

    def remove(self, count: int, dead: Sequence[tuple[str, str]] = ()) -> None:
        """Forget the `count` oldest parcels, and keep dead letters (reason, text) in the same transaction."""
        with self._open() as connection:
            connection.execute("delete from reports where id in (select id from reports order by id limit ?)", (count,))
            _bury(connection, dead)

    def defer(self, parcels: Sequence[Parcel], until: float) -> None:
        """Keep parcels for a retry; `first` does not return them."""
        rows = [(until, one.task_id, one.run, one.is_final, one.text) for one in parcels]
        with self._open() as connection:
            connection.executemany(
                "insert into deferred (until, task_id, run, is_final, text) values (?, ?, ?, ?, ?)", rows
            )

    def deferred(self, task_id: str, limit: int) -> list[Deferred]:
        """Return the oldest deferred parcels of a task."""
        sql = "select id, until, task_id, run, is_final, text from deferred where task_id = ? order by id limit ?"
        rows = self._open().execute(sql, (task_id, limit))
        return [
            Deferred(number, until, Parcel(task_id, run, bool(is_final), text))
            for number, until, task_id, run, is_final, text in rows
        ]

    def remove_deferred(self, ids: Sequence[int], dead: Sequence[tuple[str, str]] = ()) -> None:
        """Forget deferred parcels, and keep dead letters in the same transaction."""
        with self._open() as connection:
            connection.executemany("delete from deferred where id = ?", ((number,) for number in ids))
            _bury(connection, dead)

    def undefer(self) -> None:
        """Put the deferred parcels of a dead owner before all others: they are the oldest of their tasks."""
        if not self.exists or self._open().execute("select 1 from deferred limit 1").fetchone() is None:
            return
        with self._open() as connection:
            connection.execute(
                "insert into reports (id, task_id, run, is_final, text) select "
                "id - (select max(id) from deferred) + (select coalesce(min(id), 1) from reports) - 1, "
                "task_id, run, is_final, text from deferred"
            )
            connection.execute("delete from deferred")

    def dead_letters(self) -> list[tuple[str, str]]:
        """Return (reason, text) of each report that can never be delivered, oldest first."""
        if not self.exists:
            return []
        return list(self._open().execute("select reason, text from dead_letters order by id"))

    def mark_stopped(self) -> None:
        """Note that the owner stops on its own, so that the process that finds the spool counts no crash."""
        with self._open() as connection:
            connection.execute("insert or replace into state (name, value) values ('stopped', 1)")

    @property
    def was_stopped(self) -> bool:
        """Whether the owner stopped on its own."""
        if not self.exists:
            return False
        return self._open().execute("select 1 from state where name = 'stopped' and value").fetchone() is not None

    @property
    def exists(self) -> bool:
        """Whether anything was ever kept."""
        return self._connection is not None or self.path.exists()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def discard(self) -> None:
        """Remove the file; if it holds dead letters, move it into the folder `dead-letters` beside it."""
        kept = bool(self.dead_letters())
        self.close()
        if kept:
            self.set_aside(DEAD_LETTERS)
            return
        for path in (self.path, Path(f"{self.path}-journal")):
            path.unlink(missing_ok=True)

    def set_aside(self, folder: str) -> None:
        """Move the file into a folder beside it, where no process looks for reports to deliver."""
        self.close()
        aside = self.path.parent / folder
        aside.mkdir(mode=0o700, exist_ok=True)
        aside.chmod(0o700)
        # A journal belongs to its file: without it a half-done transaction could not be undone.
        for path in (Path(f"{self.path}-journal"), self.path):
            with contextlib.suppress(FileNotFoundError):
                path.replace(aside / path.name)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            # The folder may have been removed since the start.
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            make_private(self.path)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, MODE))
            hand_over(self.path.parent, (self.path,))
            connection = sqlite3.connect(self.path, check_same_thread=False)
            try:
                connection.execute("pragma synchronous=full")
                connection.executescript(SCHEMA)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _bury(connection: sqlite3.Connection, dead: Sequence[tuple[str, str]]) -> None:
    if not dead:
        return
    connection.executemany("insert into dead_letters (reason, text) values (?, ?)", dead)
    connection.execute(
        "delete from dead_letters where id <= (select max(id) from dead_letters) - ?", (DEAD_LETTERS_KEPT,)
    )
