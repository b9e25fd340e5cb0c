"""Tasks with ids ahead of their times of creation, since the clock had been set back."""

from waybill_api.store.engine.database import Connection

AHEAD = "substr(task_id, 1, 8) || substr(task_id, 10, 4) > printf('%012x', created_at + 1000)"
"""The condition, as in the index, for an id more than a second ahead of its task's time of creation."""


def end(connection: Connection, created_to: int) -> str:
    """Return the end (exclusive) of the ids that are ahead, of tasks created before this time; empty if there are none.

    Ids begin with a millisecond, and only rise. So after the clock is set back, all new ids begin with the same
    millisecond until the clock has caught up: one query for each such millisecond is enough.
    """
    found = f"SELECT max(substr(task_id, 1, 13)) FROM tasks INDEXED BY tasks_ahead WHERE {AHEAD} "
    first = f"SELECT min(created_at) FROM tasks INDEXED BY tasks_ahead WHERE {AHEAD} AND substr(task_id, 1, 13) = ?"
    (drawn,) = connection.execute(found).fetchone()
    while drawn is not None:
        if connection.execute(first, (drawn,)).fetchone()[0] < created_to:
            return f"{drawn}g"
        (drawn,) = connection.execute(f"{found} AND substr(task_id, 1, 13) < ?", (drawn,)).fetchone()
    return ""
