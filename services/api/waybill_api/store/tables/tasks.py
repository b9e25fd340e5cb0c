"""Every query on `tasks`; those on what waits for a worker are in `lanes`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from waybill.domain.errors import TaskNotFound
from waybill.domain.report import TaskKey
from waybill.domain.status import Status
from waybill.domain.task import Task, run_limit_of
from waybill.domain.transitions import LEAVING
from waybill_api.store.engine.database import Connection
from waybill_api.store.engine.statements import MOST_PARAMETERS, placeholders, slices
from waybill_api.store.tables.task_row import (
    CHANGING,
    COLUMNS,
    FIXED,
    LEARNT,
    LONG,
    TAKEN,
    changing,
    fixed,
    is_quiet,
    learnt,
    taken,
    takes_nothing,
    task_of,
)


def _update(columns: Iterable[str]) -> str:
    return f"UPDATE tasks SET {', '.join(f'{column} = ?' for column in columns)} WHERE task_id = ?"


SELECT = f"SELECT {', '.join(COLUMNS)} FROM tasks"
INSERT = f"INSERT INTO tasks ({', '.join(FIXED + TAKEN + CHANGING)}) VALUES ({placeholders(COLUMNS)})"
UPDATE = _update(CHANGING)
UPDATE_ANEW = _update(TAKEN + CHANGING)
UPDATE_QUIETLY = _update(LEARNT)
"""For reports that only write registers: SQLite rewrites the entry of every index whose column is set."""

FEW = 50


class Oldest(NamedTuple):
    """The open task that has been at a stage for longest."""

    task_id: str
    stage_since: int


class Recent(NamedTuple):
    """The part of a task that the statistics count at a start: whole tasks may be large, and there are many."""

    type: str
    is_tracked: bool
    status: Status
    attempt: int
    created_at: int
    started_at: int | None
    finished_at: int | None

    @property
    def latest(self) -> int:
        """Its latest time."""
        return max(self.created_at, self.started_at or 0, self.finished_at or 0)


def insert(connection: Connection, tasks: Iterable[Task]) -> None:
    """Add new tasks."""
    connection.executemany(INSERT, (fixed(task) + taken(task) + changing(task) for task in tasks))


def update(connection: Connection, changes: Sequence[tuple[Task, Task]]) -> None:
    """Write changed tasks, each given as it is kept and as it is to be."""
    quiet = [after for before, after in changes if is_quiet(before, after)]
    moved = [(before, after) for before, after in changes if not is_quiet(before, after)]
    same = [after for before, after in moved if takes_nothing(before, after)]
    anew = [after for before, after in moved if not takes_nothing(before, after)]
    connection.executemany(UPDATE_QUIETLY, ((*learnt(task), task.task_id) for task in quiet))
    connection.executemany(UPDATE, ((*changing(task), task.task_id) for task in same))
    connection.executemany(UPDATE_ANEW, ((*taken(task), *changing(task), task.task_id) for task in anew))


def delete(connection: Connection, task_id: str) -> None:
    """Remove a task."""
    connection.execute("DELETE FROM tasks WHERE task_id = ?", (task_id,))


def get(connection: Connection, task_id: str) -> Task | None:
    """Return one task by its key."""
    row = connection.execute(f"{SELECT} WHERE task_id = ?", (task_id,)).fetchone()
    return None if row is None else task_of(row)


def load(connection: Connection, task_id: str) -> Task:
    """Return one task by its key. Raises TaskNotFound."""
    task = get(connection, task_id)
    if task is None:
        raise TaskNotFound()
    return task


def get_many(connection: Connection, task_ids: Sequence[str]) -> dict[str, Task]:
    """Return those of the tasks that exist, by id."""
    found: dict[str, Task] = {}
    for some in slices(task_ids):
        found.update((row[0], task_of(row)) for row in _rows(connection, some))
    return found


def get_page(connection: Connection, task_ids: Sequence[str], most: int) -> tuple[list[Task], int]:
    """Return the tasks that exist, in this order, until they exceed `most` characters, and the number of ids read.

    At least one id is read. The bound keeps many large tasks out of memory and out of one answer.
    """
    found: list[Task] = []
    size = 0
    for start in range(0, len(task_ids), FEW):
        some = task_ids[start : start + FEW]
        rows = {row[0]: row for row in _rows(connection, some)}
        for number, task_id in enumerate(some, start=start + 1):
            row = rows.get(task_id)
            if row is not None:
                found.append(task_of(row))
                size += sum(len(row[column] or "") for column in LONG)
            if size > most:
                return found, number
    return found, len(task_ids)


def _rows(connection: Connection, task_ids: Sequence[str]) -> Iterable[Sequence[Any]]:
    return connection.execute(f"{SELECT} WHERE task_id IN ({placeholders(task_ids)})", task_ids)


def columns_of(connection: Connection, task_ids: Sequence[str], columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    """Yield some columns of those of the tasks that exist."""
    for some in slices(task_ids):
        sql = f"SELECT {', '.join(columns)} FROM tasks WHERE task_id IN ({placeholders(some)})"
        yield from connection.execute(sql, some)


def last_id(connection: Connection) -> str | None:
    """Return the largest id in use."""
    row = connection.execute("SELECT max(task_id) FROM tasks").fetchone()
    return None if row is None else row[0]


def by_keys(connection: Connection, keys: Sequence[TaskKey]) -> dict[TaskKey, str]:
    """Return the ids of those tasks that exist, by key."""
    found: dict[TaskKey, str] = {}
    for some in slices(keys, MOST_PARAMETERS // 2):
        sql = (
            f"WITH wanted (a_type, a_key) AS (VALUES {', '.join(['(?, ?)'] * len(some))}) "
            "SELECT type, external_key, task_id FROM wanted CROSS JOIN tasks INDEXED BY tasks_external_key "
            "ON type = a_type AND external_key = a_key"
        )
        rows = connection.execute(sql, [part for key in some for part in key])
        found.update((TaskKey(type_name, external_key), task_id) for type_name, external_key, task_id in rows)
    return found


def recent(connection: Connection, since: int, until: int, limit: int) -> list[Recent]:
    """Return those of the latest `limit` tasks that were created at or after `since`.

    Tasks with a time after `until`, the present, are left out: a clock was ahead when it was written.
    """
    sql = (
        "SELECT type, handler IS NULL, status, attempt, created_at, started_at, finished_at FROM tasks "
        "ORDER BY task_id DESC LIMIT ?"
    )
    rows = (Recent(*row)._replace(status=Status(row[2])) for row in connection.execute(sql, (limit,)))
    return [row for row in rows if since <= row.created_at and row.latest <= until]


def oldest_new(connection: Connection) -> Task | None:
    """Return the task that was created first of those that are NEW."""
    row = connection.execute(f"{SELECT} WHERE status = 1 ORDER BY task_id LIMIT 1").fetchone()
    return None if row is None else task_of(row)


def exists_of_type(connection: Connection, type_name: str) -> bool:
    """Return whether any task is of this type."""
    return connection.execute("SELECT 1 FROM tasks WHERE type = ? LIMIT 1", (type_name,)).fetchone() is not None


def held_by(connection: Connection, worker_id: str) -> dict[tuple[str, int], str]:
    """Return the claims of the runs that this worker holds, by task and number; every heartbeat asks for them."""
    sql = "SELECT task_id, run, claim FROM tasks WHERE worker = ? AND claim IS NOT NULL AND status < 3"
    return {(task_id, run): claim for task_id, run, claim in connection.execute(sql, (worker_id,))}


def run_limits(connection: Connection, task_ids: Sequence[str]) -> dict[str, float]:
    """Return the run limit in seconds of each task that exists."""
    rows = columns_of(connection, task_ids, ("task_id", "handler", "timeout", "processing_time"))
    return {task_id: run_limit_of(*limits) for task_id, *limits in rows}


def left_by(connection: Connection, worker_id: str) -> list[str]:
    """Return the ids of the tasks of which this worker may still execute an earlier run."""
    sql = "SELECT task_id FROM tasks INDEXED BY tasks_leaving WHERE leaving = ?"
    return [task_id for (task_id,) in connection.execute(sql, (worker_id,))]


def holders(connection: Connection) -> list[str]:
    """Return the ids of the workers that hold a run."""
    sql = "SELECT DISTINCT worker FROM tasks WHERE worker IS NOT NULL AND claim IS NOT NULL AND status < 3"
    return [worker_id for (worker_id,) in connection.execute(sql)]


def open_by_stage(connection: Connection) -> Iterable[tuple[str, str | None, int, int]]:
    """Yield, for each type and stage, how many tasks are open there and how many of them are silent; once, at start."""
    silent = "SELECT type, stage, count(*) FROM tasks INDEXED BY tasks_silent WHERE silent_at IS NOT NULL GROUP BY 1, 2"
    silences = {(type_name, stage): count for type_name, stage, count in connection.execute(silent)}
    sql = "SELECT type, stage, count(*) FROM tasks INDEXED BY tasks_open WHERE status < 3 GROUP BY type, stage"
    for type_name, stage, count in connection.execute(sql):
        yield type_name, stage, count, silences.get((type_name, stage), 0)


def oldest(connection: Connection, type_name: str, stages: Iterable[str | None]) -> dict[str | None, Oldest]:
    """Return, for each of these stages that has any, the open task that has been there for longest."""
    sql = (
        "SELECT task_id, stage_since FROM tasks INDEXED BY tasks_open "
        "WHERE status < 3 AND type = ? AND stage IS ? ORDER BY stage_since LIMIT 1"
    )
    found = ((stage, connection.execute(sql, (type_name, stage)).fetchone()) for stage in stages)
    return {stage: Oldest(*row) for stage, row in found if row is not None}


def watched_timeouts(connection: Connection) -> list[int]:
    """Return every `stage_timeout` that some task may still run into, stepping from one to the next by the index."""
    found: list[int] = []
    sql = (
        "SELECT stage_timeout FROM tasks INDEXED BY tasks_watched WHERE stage_timeout IS NOT NULL "
        "AND silent_at IS NULL AND status < 3 AND stage_timeout > ? ORDER BY stage_timeout LIMIT 1"
    )
    row = connection.execute(sql, (0,)).fetchone()
    while row is not None:
        found.append(row[0])
        row = connection.execute(sql, row).fetchone()
    return found


def not_heard_since(connection: Connection, timeout: int, at: int, limit: int) -> list[str]:
    """Return the ids of tasks with this `stage_timeout` that have not changed since `at`."""
    sql = (
        "SELECT task_id FROM tasks INDEXED BY tasks_watched WHERE stage_timeout IS NOT NULL "
        "AND silent_at IS NULL AND status < 3 AND stage_timeout = ? AND heard_at <= ? ORDER BY heard_at LIMIT ?"
    )
    return [task_id for (task_id,) in connection.execute(sql, (timeout, at, limit))]


def bound_silences(connection: Connection, now: int) -> None:
    """Bound `heard_at` to the present: if the clock was set back while the API was down, it may be ahead."""
    connection.execute(
        "UPDATE tasks INDEXED BY tasks_watched SET heard_at = ? "
        "WHERE stage_timeout IS NOT NULL AND silent_at IS NULL AND status < 3 AND heard_at > ?",
        (now, now),
    )


def bound_delays(connection: Connection, now: int) -> None:
    """Bound each wait to the task's delay, since the clock may have been set back while the API was down."""
    wait = f"CASE WHEN leaving IS NULL THEN delay ELSE max(delay, {LEAVING}) END"
    connection.execute(f"UPDATE tasks SET due_at = ? + {wait} WHERE due_at > ? + {wait}", (now, now))
