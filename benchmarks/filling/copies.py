"""Copies of the tasks of a database within it, each with later times and other numbers."""

import re
from collections.abc import Callable, Mapping
from sqlite3 import Connection

from waybill_api.store import tables
from waybill_api.store.tables import task_row

NUMBER = re.compile(r"[0-9]{9}")
TIMES = {
    "created_at",
    "started_at",
    "finished_at",
    "claimed_at",
    "due_at",
    "stage_since",
    "heard_at",
    "silent_at",
    "recorded_at",
}
NUMBERED = {"name", "external_key", "words"}

# No sync to disk: the file is thrown away anyway.
FAST = ("journal_mode = MEMORY", "synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY")
TOLD_EVERY = 10

COUNT_AGAIN = """
    DELETE FROM tallies;
    INSERT INTO tallies SELECT type, status, count(*) FROM tasks GROUP BY type, status;
    UPDATE search_progress SET event_id = (SELECT max(event_id) FROM events);
    UPDATE failures SET (tasks, last_seen, task_id) = (
        SELECT count(*), max(finished_at), task_id FROM searched CROSS JOIN tasks USING (task_id)
         WHERE failure = fingerprint);
"""


def copy(connection: Connection, count: int, period: int, gap: float, say: Callable[[str], None]) -> list[str]:
    """Copy the tasks until there are `count`; `gap` is the time from one to the next, in milliseconds.

    Returns the ids of all tasks, in their order.
    """
    for pragma in FAST:
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("moved", 2, moved, deterministic=True)
    connection.create_function("renumbered", 2, renumbered, deterministic=True)
    seeds = _ids(connection)
    (events,) = connection.execute("SELECT coalesce(max(event_id), 0) FROM events").fetchone()
    (searched,) = connection.execute("SELECT coalesce(max(id), 0) FROM searched").fetchone()
    for turn, start in enumerate(range(period, count, period), start=1):
        last = seeds[min(period, count - start) - 1]
        steps = {"later": int(start * gap), "by": start, "events": turn * events, "searched": turn * searched}
        _copy_all(connection, steps | {"last": last, "first_new": turn * searched})
        connection.commit()
        if turn % TOLD_EVERY == 0:
            say(f"   {start:,} of {count:,} tasks")
    connection.executescript(COUNT_AGAIN)
    return _ids(connection)


def moved(task_id: str, later: int) -> str:
    """Return the id with a time that is `later` milliseconds later."""
    time = f"{int(task_id[:8] + task_id[9:13], 16) + later:012x}"
    return f"{time[:8]}-{time[8:]}{task_id[13:]}"


def renumbered(text: str | None, by: int) -> str | None:
    """Return a text in which every number of nine digits is higher by `by`."""
    return None if text is None else NUMBER.sub(lambda found: f"{int(found[0]) + by:09}", text)


def _copy_all(connection: Connection, steps: Mapping[str, int | str]) -> None:
    searched = ("id", "task_id", "words", "marks", "failure")
    for table, columns in (
        ("tasks", task_row.COLUMNS),
        ("events", (tables.events.EVENT_ID, *tables.events.COLUMNS)),
        ("stage_results", tables.stage_results.COLUMNS),
        ("searched", searched),
    ):
        copied = ", ".join(map(_copied, columns))
        rows = f"SELECT {copied} FROM {table} WHERE task_id <= :last ORDER BY 1"
        connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) {rows}", steps)
    connection.execute(
        "INSERT INTO search (rowid, words, marks) SELECT id, words, marks FROM searched WHERE id > :first_new", steps
    )


def _copied(column: str) -> str:
    """Return the SQL for a column of a copy."""
    if column == "task_id":
        return "moved(task_id, :later)"
    if column in TIMES:
        return f"{column} + :later"
    if column in NUMBERED:
        return f"renumbered({column}, :by)"
    return {"event_id": "event_id + :events", "id": "id + :searched"}.get(column, column)


def _ids(connection: Connection) -> list[str]:
    return [task_id for (task_id,) in connection.execute("SELECT task_id FROM tasks ORDER BY task_id")]
