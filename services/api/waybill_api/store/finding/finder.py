"""The finder: finds the tasks of a query, newest or oldest first, within a bounded time.

A page is made batch by batch: an index gives candidates in the order of their ids, and the other conditions are checked
for each. When the time is up, the page tells how far it came.
"""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from waybill.domain.status import Status
from waybill.domain.task import Task
from waybill_api.search.marks import mark
from waybill_api.search.query import Query
from waybill_api.search.words import phrase_of
from waybill_api.store.engine.database import Connection
from waybill_api.store.engine.statements import placeholders, slices
from waybill_api.store.finding import ahead, drivers
from waybill_api.store.finding.drivers import Bounds, Driver
from waybill_api.store.tables import tasks

SECONDS = 0.03
"""Seconds of the search for one page; a batch that has begun is finished."""

LARGEST = 8 * 1024 * 1024
"""How many characters a page has at most, apart from its last task."""

MOST_CANDIDATES = 1_000
"""Candidates in a batch."""

FEW = 500
"""The number of candidates below which a driver is taken without a look at others."""

AHEAD = 1_000
"""Milliseconds that any id may be ahead of its task's time of creation; ids further ahead are known."""

FIRST, LAST = "", "g"
"""Before and after every id."""


class Found(NamedTuple):
    """A page, and how far the search came."""

    tasks: list[Task]
    place: str | None
    """The id up to which all tasks were looked at; None if those were all."""
    is_partial: bool = False
    """Whether the time was up before the page was full."""


class FoundIds(NamedTuple):
    """A page of ids, and how far the search came."""

    task_ids: list[str]
    place: str | None
    is_partial: bool = False


def find(connection: Connection, query: Query, after: str | None, limit: int, *, newest: bool) -> Found:
    """Return up to `limit` tasks behind the one with the id `after`; `place` is None if there are no more.

    A page of large tasks has fewer of them.
    """
    task_ids, place, is_partial = find_ids(connection, query, after, limit, newest=newest)
    found, count = tasks.get_page(connection, task_ids, LARGEST)
    if count < len(task_ids):
        return Found(found, task_ids[count - 1], is_partial=True)
    return Found(found, place, is_partial)


def find_ids(
    connection: Connection, query: Query, after: str | None, limit: int, *, newest: bool, seconds: float | None = None
) -> FoundIds:
    """Return the ids of up to `limit` tasks behind the one with the id `after`."""
    deadline = time.monotonic() + (SECONDS if seconds is None else seconds)
    bounds = _bounds(connection, query, newest)
    if after is not None:
        bounds = bounds.behind(after)
    driver, knows_words = _driver(connection, query)
    conditions, values = _conditions(query, but_words=knows_words)
    found: list[str] = []
    # One more than `limit` tells whether there are more.
    size = min(limit + 1 if not conditions else 4 * limit, MOST_CANDIDATES)
    while len(found) <= limit:
        batch = driver(connection, bounds, size)
        found += _fitting(connection, batch.task_ids, conditions, values)
        if batch.place is None:
            break
        bounds = bounds.behind(batch.place)
        size = min(2 * size, MOST_CANDIDATES)
        if time.monotonic() > deadline:
            break
    if len(found) > limit:
        return FoundIds(found[:limit], found[limit - 1])
    return FoundIds(found, batch.place, is_partial=batch.place is not None and len(found) < limit)


def _bounds(connection: Connection, query: Query, newest: bool) -> Bounds:
    """Return the range of ids that can match: an id begins with its time of creation, or a later one."""
    low, high = FIRST, LAST
    if query.created_from is not None:
        low = _first_id(query.created_from)
    if query.created_to is not None:
        high = max(_first_id(query.created_to + AHEAD), ahead.end(connection, query.created_to))
    return Bounds(low, high, newest)


def _first_id(milliseconds: int) -> str:
    """Return a text that comes before every id that is drawn from that time on."""
    if milliseconds >= 1 << 48:
        return LAST
    return str(UUID(int=max(0, milliseconds) << 80))


def _driver(connection: Connection, query: Query) -> tuple[Driver, bool]:
    """Return the driver with the fewest candidates, as far as is known without a search, and whether it uses words."""
    if query.ids:
        return drivers.listed("task_id", query.ids), False
    if query.keys:
        return drivers.by_key(query.keys, query.types), False
    if query.failures:
        return drivers.merged("searched", "failure", query.failures), False
    if query.silent:
        return drivers.silent, False
    possible: list[Driver] = []
    statuses = query.statuses or ((Status.ERROR,) if query.errors else ())
    if statuses:
        possible.append(drivers.merged("tasks", "status", [int(status) for status in statuses]))
    if query.types:
        possible.append(drivers.merged("tasks", "type", query.types))
    for driver in possible:
        if len(driver(connection, Bounds(FIRST, LAST, True), FEW).task_ids) < FEW:
            return driver, False
    if query.texts or query.metadata:
        return drivers.words(_match(query)), True
    return (possible[0] if possible else drivers.everything), False


def _match(query: Query) -> str:
    """Return the full-text query: typed text is only ever a quoted string in it, never syntax."""
    phrases = [phrase_of(text) for text in query.texts]
    parts = [f'words : "{" ".join(phrase.words)}"{"*" * phrase.is_open}' for phrase in phrases]
    parts += [f"marks : ({' OR '.join(mark(key, value) for value in values)})" for key, values in query.metadata]
    return " AND ".join(parts)


def _conditions(query: Query, *, but_words: bool) -> tuple[str, list[Any]]:
    """Return the conditions on a candidate as SQL, and their parameters; empty if there are none.

    They include those of the chosen index, which costs little. Words are the exception.
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
            parts.append(f"{column} IN ({placeholders(values)})")
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
    if query.silent is not None:
        parts.append(f"silent_at IS {'NOT NULL' if query.silent else 'NULL'}")
    known = "EXISTS (SELECT 1 FROM searched {} WHERE searched.task_id = tasks.task_id AND {})"
    if query.failures:
        parts.append(f"status = {int(Status.ERROR)}")
        parts.append(known.format("", f"failure IN ({placeholders(query.failures)})"))
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
    for some in slices(task_ids):
        sql = f"SELECT task_id FROM tasks WHERE task_id IN ({placeholders(some)}) AND {conditions}"
        fitting.update(row[0] for row in connection.execute(sql, [*some, *values]))
    return [task_id for task_id in task_ids if task_id in fitting]
