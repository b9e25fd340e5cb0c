"""Find the tasks that a query looks for, newest or oldest first, within a bounded time.

A page is made batch by batch: an index gives candidates in the order of their ids, and what else is asked is looked up
for each. When the time is up, the page says how far it came.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, NamedTuple
from uuid import UUID

from services.api.search.marks import mark
from services.api.search.query import Query
from services.api.store import tasks
from shared.domain.status import Status
from shared.domain.task import Task

SECONDS = 0.04
"""How long one page may be looked for; a batch that has begun is finished."""

MOST_CANDIDATES = 2_000
"""To a batch."""

SPAN = 50_000
"""How many tasks' words are looked through at once, so that a frequent phrase takes no longer than a batch."""

FEW = 500
"""Fewer candidates than this are the best to begin with."""

CLOCK_STEP = 3_600_000
"""By so many milliseconds an id may be ahead of its task's time of creation: when the clock was set back."""

FIRST, LAST = "", "g"
"""Before and after every id."""


class Found(NamedTuple):
    """A page, and how far it was looked."""

    tasks: list[Task]
    place: str | None
    """The id up to which all was looked at; None where that is all there is."""
    is_partial: bool = False
    """Whether the time was up before the page was full."""


class FoundIds(NamedTuple):
    """The same, of ids."""

    task_ids: list[str]
    place: str | None
    is_partial: bool = False


class _Batch(NamedTuple):
    """Ids in order, and the place behind which the next ones are; None where there are none."""

    task_ids: list[str]
    place: str | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which ids are looked at, those at the ends left out, and in which order."""

    low: str
    high: str
    newest: bool

    def behind(self, place: str) -> "Bounds":
        """Return what is left behind a place."""
        if self.newest:
            return Bounds(self.low, min(self.high, place), self.newest)
        return Bounds(max(self.low, place), self.high, self.newest)

    @property
    def order(self) -> str:
        """The order as SQL has it."""
        return "DESC" if self.newest else "ASC"


Driver = Callable[[Connection, Bounds, int], _Batch]
"""Returns the next candidates within bounds, at most so many."""


def find(connection: Connection, query: Query, after: str | None, limit: int, *, newest: bool) -> Found:
    """Return up to `limit` tasks behind the one with the id `after`."""
    task_ids, place, is_partial = find_ids(connection, query, after, limit, newest=newest)
    known = tasks.get_many(connection, task_ids)
    return Found([known[task_id] for task_id in task_ids if task_id in known], place, is_partial)


def find_ids(
    connection: Connection, query: Query, after: str | None, limit: int, *, newest: bool, seconds: float | None = None
) -> FoundIds:
    """Return the ids of up to `limit` tasks behind the one with the id `after`."""
    deadline = time.monotonic() + (SECONDS if seconds is None else seconds)
    bounds = _bounds(query, newest)
    if after is not None:
        bounds = bounds.behind(after)
    driver, knows_words = _driver(connection, query)
    conditions, values = _conditions(query, but_words=knows_words)
    found: list[str] = []
    size = min(limit if not conditions else 4 * limit, MOST_CANDIDATES)
    while len(found) < limit:
        batch = driver(connection, bounds, size)
        found += _fitting(connection, batch.task_ids, conditions, values)
        if batch.place is None:
            break
        bounds = bounds.behind(batch.place)
        size = min(2 * size, MOST_CANDIDATES)
        if len(found) < limit and time.monotonic() > deadline:
            return FoundIds(found, batch.place, is_partial=True)
    if len(found) > limit:
        return FoundIds(found[:limit], found[limit - 1])
    return FoundIds(found, batch.place)


def _bounds(query: Query, newest: bool) -> Bounds:
    """Return which ids can be meant: they begin with the time at which they were drawn."""
    low, high = FIRST, LAST
    if query.created_from is not None:
        low = _first_id(query.created_from)
    if query.created_to is not None:
        high = _first_id(query.created_to + CLOCK_STEP)
    return Bounds(low, high, newest)


def _first_id(milliseconds: int) -> str:
    """Return what comes before every id that is drawn from that time on."""
    if milliseconds >= 1 << 48:
        return LAST
    return str(UUID(int=max(0, milliseconds) << 80))


def _driver(connection: Connection, query: Query) -> tuple[Driver, bool]:
    """Choose what gives the fewest candidates, as far as that can be told at once; the flag says whether by words."""
    if query.ids:
        return _listed("task_id", query.ids), False
    if query.keys:
        return _listed("external_key", query.keys, "AND type IN (SELECT name FROM task_types)"), False
    if query.failures:
        return _merged("searched", "failure", query.failures), False
    drivers: list[Driver] = []
    statuses = query.statuses or ((Status.ERROR,) if query.errors else ())
    if statuses:
        drivers.append(_merged("tasks", "status", [int(status) for status in statuses]))
    if query.types:
        drivers.append(_merged("tasks", "type", query.types))
    for driver in drivers:
        if len(driver(connection, Bounds(FIRST, LAST, True), FEW).task_ids) < FEW:
            return driver, False
    if query.texts or query.metadata:
        return _words(_match(query)), True
    return (drivers[0] if drivers else _all), False


def _all(connection: Connection, bounds: Bounds, size: int) -> _Batch:
    sql = f"SELECT task_id FROM tasks WHERE task_id > ? AND task_id < ? ORDER BY task_id {bounds.order} LIMIT ?"
    return _batch([row[0] for row in connection.execute(sql, (bounds.low, bounds.high, size))], size)


def _listed(column: str, values: Sequence[str], further: str = "") -> Driver:
    """Return a driver for columns of which each value has few tasks."""

    def drive(connection: Connection, bounds: Bounds, size: int) -> _Batch:
        sql = (
            f"SELECT task_id FROM tasks WHERE {column} IN ({_marks(values)}) {further} "
            f"AND +task_id > ? AND +task_id < ? ORDER BY +task_id {bounds.order} LIMIT ?"
        )
        given = (*values, bounds.low, bounds.high, size)
        return _batch([row[0] for row in connection.execute(sql, given)], size)

    return drive


def _merged(table: str, column: str, values: Sequence[Any]) -> Driver:
    """Return a driver for an index on `(column, task_id)`: what it gives for each value, merged."""

    def drive(connection: Connection, bounds: Bounds, size: int) -> _Batch:
        one = (
            f"SELECT * FROM (SELECT task_id FROM {table} WHERE {column} = ? AND task_id > ? AND task_id < ? "
            f"ORDER BY task_id {bounds.order} LIMIT ?)"
        )
        sql = f"{' UNION ALL '.join([one] * len(values))} ORDER BY task_id {bounds.order} LIMIT ?"
        given = [part for value in values for part in (value, bounds.low, bounds.high, size)]
        return _batch([row[0] for row in connection.execute(sql, [*given, size])], size)

    return drive


def _words(match: str) -> Driver:
    """Return a driver for words and marks, span by span."""

    def drive(connection: Connection, bounds: Bounds, size: int) -> _Batch:
        low, high = _numbers(connection, bounds)
        if low > high:
            return _Batch([], None)
        start, end = (max(low, high - SPAN + 1), high) if bounds.newest else (low, min(high, low + SPAN - 1))
        sql = (
            "SELECT task_id FROM search JOIN searched ON searched.id = search.rowid "
            f"WHERE search MATCH ? AND search.rowid BETWEEN ? AND ? ORDER BY search.rowid {bounds.order} LIMIT ?"
        )
        task_ids = [row[0] for row in connection.execute(sql, (match, start, end, size))]
        if len(task_ids) == size:
            return _Batch(task_ids, task_ids[-1])
        edge = start if bounds.newest else end
        return _Batch(
            task_ids, None if edge == (low if bounds.newest else high) else _task_at(connection, edge, bounds)
        )

    return drive


def _task_at(connection: Connection, number: int, bounds: Bounds) -> str:
    """Return the id of the task with this number or, where it was deleted, of the one that was reached before it."""
    sign, order = (">=", "ASC") if bounds.newest else ("<=", "DESC")
    sql = f"SELECT task_id FROM searched WHERE id {sign} ? ORDER BY id {order} LIMIT 1"
    return str(connection.execute(sql, (number,)).fetchone()[0])


def _numbers(connection: Connection, bounds: Bounds) -> tuple[int, int]:
    """Return the numbers of the first and the last task within bounds; the first is higher where there is none."""
    sql = "SELECT id FROM searched WHERE task_id > ? AND task_id < ? ORDER BY task_id {} LIMIT 1"
    low = connection.execute(sql.format("ASC"), (bounds.low, bounds.high)).fetchone()
    high = connection.execute(sql.format("DESC"), (bounds.low, bounds.high)).fetchone()
    return (1, 0) if low is None or high is None else (low[0], high[0])


def _match(query: Query) -> str:
    """Return the full-text query: what people typed is in strings of it, never its syntax."""
    parts = ['words : "{}"'.format(text.replace('"', '""')) for text in query.texts]
    parts += [f"marks : ({' OR '.join(mark(key, value) for value in values)})" for key, values in query.metadata]
    return " AND ".join(parts)


def _conditions(query: Query, *, but_words: bool) -> tuple[str, list[Any]]:
    """Return what a candidate must fulfil, as SQL, and its parameters; empty where that is nothing.

    It is asked even where an index has chosen by it: that costs little. Words are the exception.
    """
    parts: list[str] = []
    given: list[Any] = []
    for column, values in (
        ("status", [int(status) for status in query.statuses]),
        ("type", query.types),
        ("stage", query.stages),
        ("error_code", [code.value for code in query.errors]),
        ("external_key", query.keys),
        ("task_id", query.ids),
        ("worker", query.workers),
    ):
        if values:
            parts.append(f"{column} IN ({_marks(values)})")
            given += values
    for column, sign, bound in (
        ("created_at", ">=", query.created_from),
        ("created_at", "<", query.created_to),
        ("finished_at", ">=", query.finished_from),
        ("finished_at", "<", query.finished_to),
    ):
        if bound is not None:
            parts.append(f"{column} {sign} ?")
            given.append(bound)
    known = "EXISTS (SELECT 1 FROM searched {} WHERE searched.task_id = tasks.task_id AND {})"
    if query.failures:
        parts.append(f"status = {int(Status.ERROR)}")
        parts.append(known.format("", f"failure IN ({_marks(query.failures)})"))
        given += query.failures
    if (query.texts or query.metadata) and not but_words:
        parts.append(known.format("JOIN search ON search.rowid = searched.id", "search MATCH ?"))
        given.append(_match(query))
    return " AND ".join(parts), given


def _fitting(connection: Connection, task_ids: Sequence[str], conditions: str, values: Sequence[Any]) -> list[str]:
    """Return those of the candidates that fulfil the conditions, in their order."""
    if not conditions:
        return list(task_ids)
    fitting: set[str] = set()
    for start in range(0, len(task_ids), tasks.MOST_PARAMETERS):
        some = task_ids[start : start + tasks.MOST_PARAMETERS]
        sql = f"SELECT task_id FROM tasks WHERE task_id IN ({_marks(some)}) AND {conditions}"
        fitting.update(row[0] for row in connection.execute(sql, [*some, *values]))
    return [task_id for task_id in task_ids if task_id in fitting]


def _batch(task_ids: list[str], size: int) -> _Batch:
    return _Batch(task_ids, task_ids[-1] if len(task_ids) == size else None)


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
