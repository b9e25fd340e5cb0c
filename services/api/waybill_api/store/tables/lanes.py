"""Lanes: the runs that wait for a worker, by route and priority."""

from collections.abc import Set
from typing import NamedTuple

from waybill.domain.route import handler_of, type_of
from waybill.domain.task_type import TaskType
from waybill_api.store.engine.database import Connection
from waybill_api.store.tables import task_types


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


def routes(connection: Connection) -> list[str]:
    """Return the routes that have open, unclaimed tasks, stepping from one to the next by the index."""
    found: list[str] = []
    sql = "SELECT route FROM tasks INDEXED BY tasks_due WHERE due_at IS NOT NULL AND route > ? ORDER BY route LIMIT 1"
    row = connection.execute(sql, ("",)).fetchone()
    while row is not None:
        found.append(row[0])
        row = connection.execute(sql, row).fetchone()
    return found


def waiting_routes(connection: Connection) -> list[str]:
    """Return the routes that have due tasks, without those of paused types."""
    paused = task_types.paused(connection)
    return [route for route in routes(connection) if type_of(route) not in paused]


def unserved(connection: Connection, handlers: Set[str]) -> dict[str, int]:
    """Return the routes of unclaimed tasks that need none of these handlers, with their `no_handler_after`, if set."""
    allowed = task_types.without_handler(connection)
    if not allowed:
        return {}
    lost = (route for route in routes(connection) if handler_of(route) not in handlers)
    return {route: allowed[name] for route in lost if (name := type_of(route)) in allowed}


def strays(connection: Connection, handlers: Set[str]) -> dict[Lane, tuple[str, ...]]:
    """Return the lanes of unclaimed tasks that need none of these handlers, with the handlers their types name now.

    Empty if the type still names theirs, or none of these.
    """
    lost = {route for route in routes(connection) if handler_of(route) not in handlers}
    if not lost:
        return {}
    types = {one.name: one for one in task_types.page(connection)}
    instead = {route: _instead(types.get(type_of(route)), handler_of(route), handlers) for route in lost}
    return {lane: instead[lane.route] for lane in occupied(connection) if lane.route in lost}


def _instead(task_type: TaskType | None, handler: str, handlers: Set[str]) -> tuple[str, ...]:
    """Return the handlers that a type names instead of one, if a worker has any of them and the type is not paused."""
    if task_type is None or task_type.paused or task_type.is_tracked:
        return ()
    named = task_type.stages or (str(task_type.handler),)
    return () if handler in named or handlers.isdisjoint(named) else named


def waiting(connection: Connection, lane: Lane, after: tuple[int, str], limit: int) -> list[tuple[int, str]]:
    """Return up to `limit` unclaimed tasks of a lane, due or not, after one of them, each as (due_at, task_id)."""
    sql = (
        "SELECT due_at, task_id FROM tasks INDEXED BY tasks_due WHERE due_at IS NOT NULL "
        "AND route = ? AND priority = ? AND (due_at, task_id) > (?, ?) ORDER BY due_at, task_id LIMIT ?"
    )
    return connection.execute(sql, (*lane, *after, limit)).fetchall()


def due(connection: Connection, lane: Lane, now: int, limit: int) -> list[DueRun]:
    """Return up to `limit` due runs of a lane, the longest due first; runs that are not due are not read."""
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
