"""Every query on `events`, the history."""

import json
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import Any

from peewee import SqliteDatabase

from services.api.store.line import Line, line_of
from services.api.store.models import EventRow, TaskRow
from shared.domain.event import Event, EventKind
from shared.domain.status import Outcome, Status

COLUMNS = tuple(EventRow._meta.sorted_field_names[1:])
INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def _row(event: Event) -> tuple[Any, ...]:
    return (
        event.task_id,
        event.attempt,
        event.run,
        event.seq,
        event.source,
        event.kind,
        event.outcome,
        int(event.task_status),
        event.recorded_at,
        json.dumps(event.said, ensure_ascii=False, separators=(",", ":")) if event.said else "{}",
    )


def _event(row: Sequence[Any]) -> Event:
    fields = dict(zip(("event_id", *COLUMNS), row, strict=True))
    fields["kind"], fields["outcome"] = EventKind(fields["kind"]), Outcome(fields["outcome"])
    fields["task_status"] = Status(fields["task_status"])
    fields["said"] = json.loads(fields["said"])
    return Event(**fields)


def insert(connection: Connection, events: Iterable[Event]) -> None:
    """Append events."""
    connection.executemany(INSERT, map(_row, events))


def delete_of_task(connection: Connection, task_id: str) -> None:
    """Remove the history of a task that is itself removed."""
    connection.execute("DELETE FROM events WHERE task_id = ?", (task_id,))


def newest(connection: Connection) -> int:
    """Return the number of the newest event, 0 where there is none."""
    return connection.execute("SELECT max(event_id) FROM events").fetchone()[0] or 0


def lines(connection: Connection, task_id: str | None, after: int, limit: int) -> list[Line]:
    """Return a page of the history as lines to be sent, with the types of their tasks."""
    chosen = "" if task_id is None else "AND events.task_id = ?"
    columns = ", ".join(f"events.{column}" for column in ("event_id", *COLUMNS))
    sql = (
        f"SELECT tasks.type, {columns} FROM events JOIN tasks USING (task_id) "
        f"WHERE event_id > ? {chosen} ORDER BY event_id LIMIT ?"
    )
    given = (after, limit) if task_id is None else (after, task_id, limit)
    return [line_of(_event(row), type_name) for type_name, *row in connection.execute(sql, given)]


def page(
    database: SqliteDatabase,
    task_id: str | None,
    after: int,
    limit: int,
    type_name: str | None = None,
    status: Status | None = None,
) -> list[Event]:
    """Return up to `limit` events after the one numbered `after`, oldest first: of one task, a type, or all."""
    query = EventRow.select().where(EventRow.event_id > after)
    if task_id is not None:
        query = query.where(EventRow.task_id == task_id)
    if type_name is not None:
        query = query.join(TaskRow, on=(TaskRow.task_id == EventRow.task_id)).where(TaskRow.type == type_name)
    if status is not None:
        query = query.where(EventRow.task_status == int(status))
    rows = query.order_by(EventRow.event_id).limit(limit).tuples().bind(database)
    return [_event(row) for row in rows.iterator()]
