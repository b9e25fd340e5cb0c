"""Every query on `failures`: tasks in ERROR, by what their errors have in common."""

from collections.abc import Iterable
from typing import NamedTuple

from waybill_api.store.engine.database import Connection


class FailurePosition(NamedTuple):
    """The position of a group in their order: the one that was seen last comes first."""

    last_seen: int
    fingerprint: str


class Failure(NamedTuple):
    """Tasks of a type that ended in ERROR alike. Times are milliseconds."""

    fingerprint: str
    type: str
    code: str
    message: str
    """The common pattern of their messages."""
    tasks: int
    """How many tasks there are now."""
    first_seen: int
    last_seen: int
    task_id: str
    """The task that was seen last."""

    @property
    def place(self) -> FailurePosition:
        """The position behind which the next groups are."""
        return FailurePosition(self.last_seen, self.fingerprint)


PUT = (
    "INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET "
    "tasks = tasks + excluded.tasks, first_seen = min(first_seen, excluded.first_seen), "
    "last_seen = CASE WHEN last_seen > ? THEN excluded.last_seen ELSE max(last_seen, excluded.last_seen) END, "
    "task_id = CASE WHEN last_seen > ? OR excluded.last_seen >= last_seen THEN excluded.task_id ELSE task_id END"
)


def add(connection: Connection, seen: Iterable[Failure], now: int) -> None:
    """Count tasks into their groups. A time after `now`, from a clock that was ahead, does not stay the latest one."""
    connection.executemany(PUT, ((*failure, now, now) for failure in seen))


def leave(connection: Connection, counts: Iterable[tuple[str, int]]) -> None:
    """Take a number of tasks out of each group, and forget empty groups."""
    left = [(count, fingerprint) for fingerprint, count in counts]
    connection.executemany("UPDATE failures SET tasks = tasks - ? WHERE fingerprint = ?", left)
    connection.executemany(
        "DELETE FROM failures WHERE fingerprint = ? AND tasks <= 0", ((fingerprint,) for _, fingerprint in left)
    )


def latest(connection: Connection, type_name: str | None, after: FailurePosition | None, limit: int) -> list[Failure]:
    """Return the groups that were seen last, of those behind a place."""
    conditions: list[str] = []
    given: list[str | int] = []
    if type_name is not None:
        conditions.append("type = ?")
        given.append(type_name)
    if after is not None:
        conditions.append("last_seen <= ? AND (last_seen < ? OR fingerprint > ?)")
        given += [after.last_seen, after.last_seen, after.fingerprint]
    chosen = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = f"SELECT * FROM failures {chosen} ORDER BY last_seen DESC, fingerprint LIMIT ?"
    return [Failure(*row) for row in connection.execute(sql, [*given, limit])]
