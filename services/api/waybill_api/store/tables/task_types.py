"""Every query on `task_types`."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from sqlite3 import Connection
from typing import Any

from peewee import SqliteDatabase

from waybill.domain.task_type import TaskType
from waybill_api.store.tables.models import TaskTypeRow

COLUMNS: tuple[str, ...] = tuple(TaskTypeRow._meta.sorted_field_names)


def _task_type(fields: Mapping[str, Any]) -> TaskType:
    stages = fields["stages"]
    read = {
        "paused": bool(fields["paused"]),
        "stages": None if stages is None else tuple(json.loads(stages)),
        "stage_timeout_ends": bool(fields["stage_timeout_ends"]),
    }
    return TaskType(**{**fields, **read})


def get(connection: Connection, name: str) -> TaskType | None:
    """Return one task type; plain SQL, since every create and every claim asks."""
    row = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM task_types WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    return _task_type(dict(zip(COLUMNS, row, strict=True)))


def page(connection: Connection, after: str, limit: int | None) -> list[TaskType]:
    """Return the task types after a name, by name: all, or up to `limit`."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM task_types WHERE name > ? ORDER BY name LIMIT ?"
    rows = connection.execute(sql, (after, -1 if limit is None else limit))
    return [_task_type(dict(zip(COLUMNS, row, strict=True))) for row in rows]


def paused(database: SqliteDatabase) -> frozenset[str]:
    """Return the names of the paused ones."""
    rows = TaskTypeRow.select(TaskTypeRow.name).where(TaskTypeRow.paused).tuples().bind(database).iterator()
    return frozenset(name for (name,) in rows)


def put(database: SqliteDatabase, task_type: TaskType) -> None:
    """Add a task type, or replace the one of its name."""
    stages = None if task_type.stages is None else json.dumps(task_type.stages)
    TaskTypeRow.insert(**asdict(task_type) | {"stages": stages}).on_conflict("REPLACE").bind(database).execute()


def delete(database: SqliteDatabase, name: str) -> None:
    """Remove a task type."""
    TaskTypeRow.delete().where(TaskTypeRow.name == name).bind(database).execute()
