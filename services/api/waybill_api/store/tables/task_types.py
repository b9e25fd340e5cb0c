"""Every query on `task_types`."""

import json
from collections.abc import Collection
from dataclasses import fields
from typing import Any

from waybill.domain.encoded import Encoded
from waybill.domain.errors import TaskTypeNotFound
from waybill.domain.route import handler_of
from waybill.domain.task_type import TaskType
from waybill_api.store.engine.database import Connection

COLUMNS = tuple(field.name for field in fields(TaskType))
SELECT = f"SELECT {', '.join(COLUMNS)} FROM task_types"
PUT = f"INSERT OR REPLACE INTO task_types ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"

LISTS = ("secret", "edited")
TEXTS = ("input_schema", "declared")
"""The columns that are kept as JSON, and those that are passed on as their text."""


def _task_type(row: tuple[Any, ...]) -> TaskType:
    read = dict(zip(COLUMNS, row, strict=True))
    for column in ("paused", "stage_timeout_ends"):
        read[column] = bool(read[column])
    read["stages"] = None if read["stages"] is None else tuple(json.loads(read["stages"]))
    for column in LISTS:
        read[column] = tuple(json.loads(read[column]))
    for column in TEXTS:
        read[column] = None if read[column] is None else Encoded(read[column])
    return TaskType(**read)


def get(connection: Connection, name: str) -> TaskType | None:
    """Return one task type; None if there is none of this name."""
    row = connection.execute(f"{SELECT} WHERE name = ?", (name,)).fetchone()
    return None if row is None else _task_type(row)


def load(connection: Connection, name: str) -> TaskType:
    """Return one task type. Raises TaskTypeNotFound."""
    task_type = get(connection, name)
    if task_type is None:
        raise TaskTypeNotFound()
    return task_type


def page(connection: Connection, after: str | None = None, limit: int | None = None) -> list[TaskType]:
    """Return the task types after a name, by name: all, or up to `limit`."""
    rows = connection.execute(
        f"{SELECT} WHERE name > ? ORDER BY name LIMIT ?", (after or "", -1 if limit is None else limit)
    )
    return [_task_type(row) for row in rows]


def with_schema(connection: Connection, limit: int) -> list[TaskType]:
    """Return the first types, by name, whose input has a schema."""
    rows = connection.execute(f"{SELECT} WHERE input_schema IS NOT NULL ORDER BY name LIMIT ?", (limit,))
    return [_task_type(row) for row in rows]


def paused(connection: Connection) -> frozenset[str]:
    """Return the names of the paused types."""
    return frozenset(name for (name,) in connection.execute("SELECT name FROM task_types WHERE paused"))


def without_handler(connection: Connection) -> dict[str, int]:
    """Return the `no_handler_after` of each type that has one and is not paused."""
    sql = "SELECT name, no_handler_after FROM task_types WHERE no_handler_after IS NOT NULL AND NOT paused"
    return dict(connection.execute(sql).fetchall())


def handlers_of(connection: Connection, routes: Collection[str]) -> frozenset[str]:
    """Return the handlers that a worker of version 0.1.0 has, by its routes: it calls a simple type by its name."""
    types = {one.name: one.handler for one in page(connection)}
    return frozenset(types.get(route) or handler_of(route) for route in routes)


def put(connection: Connection, task_type: TaskType) -> None:
    """Add a task type, or replace the one of its name."""
    values = {column: getattr(task_type, column) for column in COLUMNS}
    values["stages"] = None if task_type.stages is None else json.dumps(task_type.stages)
    for column in LISTS:
        values[column] = json.dumps(values[column], ensure_ascii=False)
    for column in TEXTS:
        values[column] = None if values[column] is None else values[column].text
    connection.execute(PUT, tuple(values.values()))


def delete(connection: Connection, name: str) -> None:
    """Remove a task type."""
    connection.execute("DELETE FROM task_types WHERE name = ?", (name,))
