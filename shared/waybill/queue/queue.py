"""The queue between the two services: Huey's SQLite storage, filled, taken from and healed in bulk."""

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from huey.storage import SqliteStorage

from waybill.host.damage import is_damage, is_no_file, primary_code, put_aside
from waybill.host.private_file import make_private
from waybill.queue.message import Message

logger = logging.getLogger(__name__)

MESSAGE_CAP = 4_096
"""How many bytes of a message are read at all; longer ones do not parse, and so are dropped."""

ROUTE_CAP = 256
"""How many characters of a route are read: the names of a type and a handler together have fewer."""

MOST_FLOORS = 200
"""How many routes of one query may have a priority to exceed: SQLite bounds the depth of a condition."""

PRIORITY_CAP = 1_000
"""A message that the API did not write may have any priority; a higher one counts as this."""

BUSY_SECONDS = 5.0
HEALING_TRIES = 4
"""How often a failed operation is tried again: on a new connection, then on a new file."""

WORTH_A_LOOK = (
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
)
"""Failures that a new connection or file may cure, unlike a busy file or a full disk."""

GONE = (-1, -1)
"""The identity of a file that is gone."""

T = TypeVar("T")


class Letter(NamedTuple):
    """A message with the route it travels on and its priority (higher goes first)."""

    route: str
    priority: int
    message: Message


class Lying(NamedTuple):
    """A message on the queue, with its number there."""

    number: int
    route: str
    message: Message


class RouteStorage(SqliteStorage):  # type: ignore[misc]  # huey ships no types
    """Huey's SQLite storage, with many routes (Huey's queue names) and many messages to a transaction."""

    begin_sql = "begin immediate"
    ddl = (SqliteStorage.table_task, SqliteStorage.index_task)

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; nothing is synced to disk, since the queue is only a hint."""
        # If that is impossible, SQLite reports it too.
        with contextlib.suppress(OSError):
            make_private(path)
        try:
            super().__init__("waybill", filename=str(path), fsync=False, journal_mode="truncate", timeout=BUSY_SECONDS)
            self.sql("select 1 from task limit 1")
        except sqlite3.Error:
            self.close()
            raise

    def _create_connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._create_connection()
        connection.text_factory = bytes
        return connection

    def _set_journal_mode(self, conn: sqlite3.Connection) -> None:
        # The first statement on a new connection: Huey would leave it open where the file turns out to be no database.
        try:
            super()._set_journal_mode(conn)
        except sqlite3.Error:
            conn.close()
            raise

    def send(self, letters: Sequence[tuple[str, int, Message]]) -> None:
        """Put letters on the queue in one transaction."""
        rows = [(route, message.encode(), priority) for route, priority, message in letters]
        with self.db(commit=True) as cursor:
            cursor.executemany("insert into task (queue, data, priority) values (?, ?, ?)", rows)

    def take(self, floors: Mapping[str, float], limit: int) -> list[tuple[bytes, bytes, float]]:
        """Remove up to `limit` rows, the first by priority and age: (route, data, priority) each.

        They are of these routes, and of a higher priority than is said there.
        """
        plain = sorted(route for route, floor in floors.items() if floor == -inf)
        floored = sorted((route, floor) for route, floor in floors.items() if floor > -inf)[:MOST_FLOORS]
        among = " or ".join(
            [f"queue in ({','.join('?' * len(plain))})", *["queue = ? and priority > ?"] * len(floored)]
        )
        given = (*plain, *(part for pair in floored for part in pair))
        # The check takes no write lock, so that idle workers do not disturb each other.
        if not self.sql(f"select 1 from task where {among} limit 1", given, results=True):  # noqa: S608
            return []
        with self.db(commit=True) as cursor:
            cursor.execute(
                f"delete from task where id in (select id from task where {among} order by priority desc, id limit ?)"  # noqa: S608
                " returning max(-?, min(?, coalesce(cast(priority as real), 0))),"
                " id, cast(queue as text), substr(data, 1, ?)",
                (*given, limit, PRIORITY_CAP, PRIORITY_CAP, MESSAGE_CAP),
            )
            rows = sorted(cursor.fetchall(), key=lambda row: (-row[0], row[1]))
        return [(route, data, priority) for priority, _, route, data in rows]

    def routes(self) -> list[bytes]:
        """Return the routes that have messages."""
        sql = "select distinct substr(cast(queue as text), 1, ?) from task where queue is not null"
        return [route for (route,) in self.sql(sql, (ROUTE_CAP,), results=True)]

    def contents(self) -> list[tuple[int, bytes, bytes]]:
        """Return every message as (number, route, data)."""
        sql = "select id, coalesce(substr(cast(queue as text), 1, ?), ''), substr(data, 1, ?) from task"
        rows: list[tuple[int, bytes, bytes]] = self.sql(sql, (ROUTE_CAP, MESSAGE_CAP), results=True)
        return rows

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove messages by their numbers."""
        with self.db(commit=True) as cursor:
            cursor.executemany("delete from task where id = ?", ((number,) for number in numbers))

    def take_back(self, route: str, limit: int) -> list[bytes]:
        """Remove up to `limit` messages of a route, the last by priority and age."""
        with self.db(commit=True) as cursor:
            cursor.execute(
                "delete from task where id in (select id from task where queue = ? order by priority, id desc limit ?)"
                " returning substr(data, 1, ?)",
                (route, limit, MESSAGE_CAP),
            )
            return [data for (data,) in cursor.fetchall()]


class Queue:
    """The queue file, which may be deleted, replaced or damaged at any time: it heals itself, empty.

    Safe to share between threads. Raises sqlite3.Error only where the file cannot be used at all (a full disk,
    a folder that may not be written to).
    """

    def __init__(self, path: Path) -> None:
        """Open the queue at this path, or make it."""
        self._path = path
        self._lock = threading.Lock()
        self._storage: RouteStorage | None = None
        self._identity: tuple[int, int] | None = None
        self._generation = 0
        self._is_proven = False
        """Whether the open file has worked yet."""
        self._use(lambda storage: None)

    @property
    def generation(self) -> int:
        """How often another file has taken the place of the one known before; what it held is then to be sent again."""
        self._use(lambda storage: None)
        return self._generation

    def send(self, letters: Sequence[tuple[str, int, Message]]) -> None:
        """Put letters (route, priority, message) on the queue in one transaction."""
        if letters:
            self._use(lambda storage: storage.send(letters))

    def take(self, routes: Collection[str] | Mapping[str, float], limit: int) -> list[Letter]:
        """Remove up to `limit` letters of these routes in one transaction, by priority, then by age.

        Where the routes are mapped to priorities, only letters that exceed them are taken.
        """
        if not routes or limit < 1:
            return []
        floors = routes if isinstance(routes, Mapping) else dict.fromkeys(routes, -inf)
        rows = self._use(lambda storage: storage.take(floors, limit))
        return [
            Letter(_text(route), int(priority), message)
            for route, data, priority in rows
            if (message := _decoded(data)) is not None
        ]

    def routes(self) -> set[str]:
        """Return the routes that have messages now."""
        return {_text(route) for route in self._use(lambda storage: storage.routes())}

    def contents(self) -> set[Message]:
        """Return the messages that are on the queue now."""
        return {one.message for one in self.lying()}

    def lying(self) -> list[Lying]:
        """Return what is on the queue now, each with its route."""
        rows = self._use(lambda storage: storage.contents())
        read = ((number, _text(route), _decoded(data)) for number, route, data in rows)
        return [Lying(number, route, message) for number, route, message in read if message is not None]

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove messages by their numbers on the queue."""
        if numbers:
            self._use(lambda storage: storage.remove(numbers))

    def take_back(self, route: str, limit: int) -> list[Message]:
        """Remove up to `limit` messages of a route, those that a worker would take last, and return them."""
        found = map(_decoded, self._use(lambda storage: storage.take_back(route, limit)))
        return [message for message in found if message is not None]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _use(self, work: Callable[[RouteStorage], T]) -> T:
        """Do one piece of work on the file that lies at the path now, and remake it where it is unusable."""
        with self._lock:
            for _ in range(HEALING_TRIES):
                try:
                    done = work(self._current())
                except sqlite3.Error as error:
                    if primary_code(error) not in WORTH_A_LOOK:
                        raise
                    self._heal(error)
                else:
                    self._is_proven = True
                    return done
            return work(self._current())

    def _current(self) -> RouteStorage:
        identity = self._look()
        if self._storage is not None and identity == self._identity:
            return self._storage
        if self._storage is not None:
            # The file that replaces it may get its inode number.
            self._identity = GONE
        self._close()
        # The file may be replaced while it is being opened: what lies there must be the same before and after.
        while True:
            storage = RouteStorage(self._path)
            before, identity = identity, self._look()
            if identity is not None and identity == before:
                break
            storage.close()
        if self._identity not in (None, identity):
            self._generation += 1
        self._storage, self._identity, self._is_proven = storage, identity, False
        return storage

    def _look(self) -> tuple[int, int] | None:
        # Only a stat: opening the file and closing it again would drop SQLite's own locks on it.
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _heal(self, error: sqlite3.Error) -> None:
        """Prepare for another try; rename the file if it failed on a new connection.

        Raises the error where another file would not help: descriptors, rights or memory are lacking.
        """
        identity = self._look()
        is_known = self._storage is None or identity == self._identity
        is_old = self._storage is not None and self._is_proven
        self._close()
        if identity is not None and is_known:
            if is_old:
                return
            self._set_aside(error)
        self._identity = self._identity and GONE

    def _set_aside(self, error: sqlite3.Error) -> None:
        if not (is_damage(error) or is_no_file(self._path)):
            raise error
        try:
            aside = put_aside(self._path)
        except OSError:
            raise error from None
        logger.warning("The queue file is unusable (%s): set aside as %s", error, aside.name)

    def _close(self) -> None:
        storage, self._storage = self._storage, None
        if storage is not None:
            storage.close()


def _decoded(data: Any) -> Message | None:
    try:
        return Message.decode(data)
    except (ValueError, TypeError) as error:
        logger.warning("A message that cannot be read was dropped: %s", error)
        return None


def _text(route: bytes) -> str:
    return route.decode(errors="replace")
