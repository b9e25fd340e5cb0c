"""Drivers: each gives the candidates for a search from one index, in the order of their ids."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from waybill_api.store.engine.database import Connection
from waybill_api.store.engine.statements import placeholders

SPAN = 50_000
"""How many tasks' words are looked through at once, so that a frequent phrase takes no longer than a batch."""


class Candidates(NamedTuple):
    """Ids in order, and the place behind which the next ones are; None if there are no more."""

    task_ids: list[str]
    place: str | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of ids, without its ends, and their order."""

    low: str
    high: str
    newest: bool

    def behind(self, place: str) -> "Bounds":
        """Return the rest of the range behind a place."""
        if self.newest:
            return Bounds(self.low, min(self.high, place), self.newest)
        return Bounds(max(self.low, place), self.high, self.newest)

    @property
    def order(self) -> str:
        """The order in SQL."""
        return "DESC" if self.newest else "ASC"


Driver = Callable[[Connection, Bounds, int], Candidates]
"""Returns the next candidates within bounds, up to a number."""


def everything(connection: Connection, bounds: Bounds, size: int) -> Candidates:
    """Drive through all tasks."""
    sql = f"SELECT task_id FROM tasks WHERE task_id > ? AND task_id < ? ORDER BY task_id {bounds.order} LIMIT ?"
    return _batch([row[0] for row in connection.execute(sql, (bounds.low, bounds.high, size))], size)


def silent(connection: Connection, bounds: Bounds, size: int) -> Candidates:
    """Drive through the tasks that have fallen silent."""
    sql = (
        "SELECT task_id FROM tasks INDEXED BY tasks_silent WHERE silent_at IS NOT NULL "
        f"AND task_id > ? AND task_id < ? ORDER BY task_id {bounds.order} LIMIT ?"
    )
    return _batch([row[0] for row in connection.execute(sql, (bounds.low, bounds.high, size))], size)


def listed(column: str, values: Sequence[str], further: str = "", named: Sequence[str] = ()) -> Driver:
    """Return a driver for a column whose values have few tasks each; `named` are the parameters of `further`."""

    def drive(connection: Connection, bounds: Bounds, size: int) -> Candidates:
        sql = (
            f"SELECT task_id FROM tasks WHERE {column} IN ({placeholders(values)}) {further} "
            f"AND +task_id > ? AND +task_id < ? ORDER BY +task_id {bounds.order} LIMIT ?"
        )
        given = (*values, *named, bounds.low, bounds.high, size)
        return _batch([row[0] for row in connection.execute(sql, given)], size)

    return drive


def by_key(keys: Sequence[str], types: Sequence[str]) -> Driver:
    """Return a driver for external keys; their index begins with the type."""
    named = f"IN ({placeholders(types)})" if types else "IN (SELECT name FROM task_types)"
    return listed("external_key", keys, f"AND type {named}", types)


def merged(table: str, column: str, values: Sequence[Any]) -> Driver:
    """Return a driver for an index on `(column, task_id)`: what it gives for each value, merged."""

    def drive(connection: Connection, bounds: Bounds, size: int) -> Candidates:
        one = (
            f"SELECT * FROM (SELECT task_id FROM {table} WHERE {column} = ? AND task_id > ? AND task_id < ? "
            f"ORDER BY task_id {bounds.order} LIMIT ?)"
        )
        sql = f"{' UNION ALL '.join([one] * len(values))} ORDER BY task_id {bounds.order} LIMIT ?"
        given = [part for value in values for part in (value, bounds.low, bounds.high, size)]
        return _batch([row[0] for row in connection.execute(sql, [*given, size])], size)

    return drive


def words(match: str) -> Driver:
    """Return a driver for words and marks, span by span."""

    def drive(connection: Connection, bounds: Bounds, size: int) -> Candidates:
        with _one_state(connection):
            return _driven(connection, bounds, size)

    def _driven(connection: Connection, bounds: Bounds, size: int) -> Candidates:
        low, high = _numbers(connection, bounds)
        if low > high:
            return Candidates([], None)
        start, end = (max(low, high - SPAN + 1), high) if bounds.newest else (low, min(high, low + SPAN - 1))
        sql = (
            "SELECT task_id FROM search JOIN searched ON searched.id = search.rowid "
            f"WHERE search MATCH ? AND search.rowid BETWEEN ? AND ? ORDER BY search.rowid {bounds.order} LIMIT ?"
        )
        task_ids = [row[0] for row in connection.execute(sql, (match, start, end, size))]
        if len(task_ids) == size:
            return Candidates(task_ids, task_ids[-1])
        edge = start if bounds.newest else end
        return Candidates(
            task_ids, None if edge == (low if bounds.newest else high) else _task_at(connection, edge, bounds)
        )

    return drive


@contextmanager
def _one_state(connection: Connection) -> Iterator[None]:
    """Let several statements read the same state, even if another transaction commits between them."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def _task_at(connection: Connection, number: int, bounds: Bounds) -> str:
    """Return the id of the task with this number; if it was deleted, of the one that is reached before it."""
    sign, order = (">=", "ASC") if bounds.newest else ("<=", "DESC")
    sql = f"SELECT task_id FROM searched WHERE id {sign} ? ORDER BY id {order} LIMIT 1"
    return str(connection.execute(sql, (number,)).fetchone()[0])


def _numbers(connection: Connection, bounds: Bounds) -> tuple[int, int]:
    """Return the numbers of the first and the last task within bounds; the first is higher if there are none."""
    sql = "SELECT id FROM searched WHERE task_id > ? AND task_id < ? ORDER BY task_id {} LIMIT 1"
    low = connection.execute(sql.format("ASC"), (bounds.low, bounds.high)).fetchone()
    high = connection.execute(sql.format("DESC"), (bounds.low, bounds.high)).fetchone()
    return (1, 0) if low is None or high is None else (low[0], high[0])


def _batch(task_ids: list[str], size: int) -> Candidates:
    return Candidates(task_ids, task_ids[-1] if len(task_ids) == size else None)
