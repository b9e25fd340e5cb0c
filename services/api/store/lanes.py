"""Lanes: the runs that wait for a worker, by route and priority."""

from collections.abc import Set
from sqlite3 import Connection
from typing import NamedTuple

from peewee import SqliteDatabase

from services.api.store.models import TaskTypeRow
from shared.domain.route import type_of


class Lane(NamedTuple):
    """The tasks of one route and one priority: they are dispatched in the order of their time."""

    route: str
    priority: int


class DueRun(NamedTuple):
    """A run that may be handed to a worker."""

    route: str
    priority: int
    task_id: str
    run: int


def occupied(connection: Connection) -> list[Lane]:
    """Return the routes and priorities that have open, unclaimed tasks, stepping from one to the next by the index."""
    found: list[Lane] = []
    step = "SELECT route, priority FROM tasks INDEXED BY tasks_due WHERE due_at IS NOT NULL AND {} ORDER BY {} LIMIT 1"
    lower = step.format("route = ? AND priority < ?", "priority DESC")
    further = step.format("route > ?", "route, priority DESC")
    row = connection.execute(further, ("",)).fetchone()
    while row is not None:
        found.append(Lane(*row))
        row = connection.execute(lower, row).fetchone() or connection.execute(further, (row[0],)).fetchone()
    return found


def unserved(database: SqliteDatabase, served: Set[str]) -> dict[str, int]:
    """Return the routes that are not served but have unclaimed tasks, and how long those wait, where it is said."""
    waiting = TaskTypeRow.select(TaskTypeRow.name, TaskTypeRow.no_handler_after).where(
        TaskTypeRow.no_handler_after.is_null(False) & ~TaskTypeRow.paused
    )
    allowed = dict(waiting.tuples().bind(database).iterator())
    if not allowed:
        return {}
    routes = {lane.route for lane in occupied(database.connection())} - served
    return {route: allowed[name] for route in routes if (name := type_of(route)) in allowed}


def due(connection: Connection, lane: Lane, now: int, limit: int) -> list[DueRun]:
    """Return the longest due runs of a lane; those whose time has not come are not even looked at."""
    sql = (
        "SELECT task_id, run FROM tasks INDEXED BY tasks_due WHERE due_at IS NOT NULL "
        "AND route = ? AND priority = ? AND due_at <= ? ORDER BY due_at, task_id LIMIT ?"
    )
    return [DueRun(*lane, *row) for row in connection.execute(sql, (*lane, now, limit))]


def next_due_at(connection: Connection, lane: Lane, now: int) -> int | None:
    """Return the time at which the next waiting run of a lane becomes due."""
    sql = (
        "SELECT due_at FROM tasks INDEXED BY tasks_due WHERE due_at IS NOT NULL "
        "AND route = ? AND priority = ? AND due_at > ? ORDER BY due_at LIMIT 1"
    )
    row = connection.execute(sql, (*lane, now)).fetchone()
    return None if row is None else row[0]
