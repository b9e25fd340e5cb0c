"""The queue in SQLite: Huey's storage, with many messages to a statement. Raises sqlite3.Error."""

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path

from waybill.host.private_file import make_private
from waybill.queue.bare_huey import SqliteStorage
from waybill.queue.message import Message
from waybill.queue.queue import MESSAGE_CAP, PRIORITY_CAP, ROUTE_CAP

MOST_FLOORS = 200
"""How many routes of one query may have a floor: SQLite bounds the depth of a condition."""

BUSY_SECONDS = 5.0


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
        # The first statement on a new connection: Huey would leave it open if the file is no database.
        try:
            super()._set_journal_mode(conn)
        except sqlite3.Error:
            conn.close()
            raise

    def send(self, messages: Sequence[tuple[str, int, Message]]) -> None:
        """Put messages (route, priority, message) on the queue in one transaction."""
        rows = [(route, message.encode(), priority) for route, priority, message in messages]
        with self.db(commit=True) as cursor:
            cursor.executemany("insert into task (queue, data, priority) values (?, ?, ?)", rows)

    def take(self, floors: Mapping[str, float], limit: int) -> list[tuple[bytes, bytes, float]]:
        """Remove up to `limit` rows, first by priority, then by age, and return (route, data, priority) of each.

        `floors` maps each route to the priority that its rows must exceed.
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
