"""Every query on `events`, the history."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from waybill.domain.event import Event, EventKind
from waybill.domain.status import Outcome, Status
from waybill.wire.events import event_json
from waybill_api.store.engine.database import Connection
from waybill_api.store.engine.statements import placeholders

EVENT_ID, *COLUMNS = (field.name for field in fields(Event))
INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({placeholders(COLUMNS)})"

SAID = 1 + COLUMNS.index("said")
LARGEST = 8 * 1024 * 1024
"""How many characters of events one read returns at most, apart from its last event."""

LOOKED_AT = 5_000
"""How many events one filtered read looks at."""


class Line(NamedTuple):
    """An event as it is sent, with the fields that select it."""

    event_id: int
    task_id: str
    type: str
    """The type of its task."""
    status: Status
    """The status after the event."""
    text: str
    """The event as JSON, on one line."""


class Glimpse(NamedTuple):
    """The part of an event that tells whether its task must be indexed again."""

    event_id: int
    task_id: str
    kind: str
    task_status: int
    says_metadata: int


class Chosen(NamedTuple):
    """The events that a client follows: of a task, of a type's tasks, and those that led to a status."""

    task_id: str | None = None
    type_name: str | None = None
    status: Status | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether some events may have to be skipped."""
        return self.type_name is not None or self.status is not None

    def among(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield the selected lines."""
        return (line for line in lines if self.type_name in (None, line.type) and self.status in (None, line.status))


class Part(NamedTuple):
    """A part of the history."""

    events: list[Event]
    place: int | None
    """The number after which it goes on; None if nothing is left."""


def line_of(event: Event, type_name: str) -> Line:
    """Write an event of a task of this type, once for all clients that follow."""
    text = json.dumps(event_json(event), ensure_ascii=False, separators=(",", ":"))
    return Line(event.event_id, event.task_id, type_name, event.task_status, text)


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
    read = dict(zip((EVENT_ID, *COLUMNS), row, strict=True))
    read["kind"], read["outcome"] = EventKind(read["kind"]), Outcome(read["outcome"])
    read["task_status"] = Status(read["task_status"])
    read["said"] = json.loads(read["said"])
    return Event(**read)


def insert(connection: Connection, events: Iterable[Event]) -> None:
    """Append events."""
    connection.executemany(INSERT, map(_row, events))


def delete_of_task(connection: Connection, task_id: str) -> None:
    """Remove the history of a task that is itself removed."""
    connection.execute("DELETE FROM events WHERE task_id = ?", (task_id,))


def newest(connection: Connection) -> int:
    """Return the number of the newest event; 0 if there is none."""
    return connection.execute("SELECT max(event_id) FROM events").fetchone()[0] or 0


def lines(connection: Connection, task_id: str | None, after: int, limit: int) -> list[Line]:
    """Return a page of the history as lines to be sent, with the types of their tasks."""
    chosen = "" if task_id is None else "AND events.task_id = ?"
    columns = ", ".join(f"events.{column}" for column in (EVENT_ID, *COLUMNS))
    sql = (
        f"SELECT tasks.type, {columns} FROM events JOIN tasks USING (task_id) "
        f"WHERE event_id > ? {chosen} ORDER BY event_id LIMIT ?"
    )
    given = (after, limit) if task_id is None else (after, task_id, limit)
    return [line_of(_event(row), type_name) for type_name, *row in connection.execute(sql, given)]


def glimpses(connection: Connection, after: int, limit: int) -> list[Glimpse]:
    """Return a glimpse of up to `limit` events after the one numbered `after`, oldest first."""
    sql = (
        "SELECT event_id, task_id, kind, task_status, instr(said, '\"metadata\"') FROM events "
        "WHERE event_id > ? ORDER BY event_id LIMIT ?"
    )
    return [Glimpse(*row) for row in connection.execute(sql, (after, limit))]


def page(connection: Connection, task_id: str | None, after: int, limit: int) -> list[Event]:
    """Return up to `limit` events after the one numbered `after`, oldest first: of one task, or of all."""
    return look(connection, Chosen(task_id), after, limit).events


def latest(connection: Connection, task_id: str, limit: int) -> list[Event]:
    """Return up to `limit` of the last events of a task, oldest first."""
    sql = f"SELECT event_id, {', '.join(COLUMNS)} FROM events WHERE task_id = ? ORDER BY event_id DESC LIMIT ?"
    return [_event(row) for row in connection.execute(sql, (task_id, limit))][::-1]


def look(connection: Connection, chosen: Chosen, after: int, limit: int) -> Part:
    """Return up to `limit` of the chosen events after the one numbered `after`, oldest first.

    At most LOOKED_AT events are looked at, so there may be few or none although more follow; of large events there are
    fewer.
    """
    conditions: list[str] = ["event_id > ?"]
    given: list[int | str] = [after]
    if chosen.task_id is not None:
        conditions.append("events.task_id = ?")
        given.append(chosen.task_id)
    horizon = None
    if chosen.is_filtered:
        # An offset that is bounded costs little, and numbers have gaps where tasks were deleted.
        sql = f"SELECT event_id FROM events WHERE {' AND '.join(conditions)} ORDER BY event_id LIMIT 1 OFFSET ?"
        found = connection.execute(sql, (*given, LOOKED_AT - 1)).fetchone()
        horizon = None if found is None else int(found[0])
    for condition, value in (
        ("event_id <= ?", horizon),
        ("tasks.type = ?", chosen.type_name),
        ("task_status = ?", chosen.status),
    ):
        if value is not None:
            conditions.append(condition)
            given.append(value)
    columns = ", ".join(f"events.{column}" for column in (EVENT_ID, *COLUMNS))
    # SQLite keeps the order of a CROSS JOIN: from the tasks on, it would look at all of the type.
    join = "" if chosen.type_name is None else "CROSS JOIN tasks USING (task_id)"
    sql = f"SELECT {columns} FROM events {join} WHERE {' AND '.join(conditions)} ORDER BY event_id LIMIT ?"
    part: list[Event] = []
    size = 0
    for row in connection.execute(sql, (*given, limit + 1)):
        if len(part) == limit or size > LARGEST:
            return Part(part, part[-1].event_id)
        part.append(_event(row))
        size += len(row[SAID])
    return Part(part, horizon)
