"""Statistics: how it goes, and what needs attention."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from waybill.domain.durations import Durations
from waybill.domain.errors import Unavailable
from waybill.domain.status import Status
from waybill.wire.statistics import (
    CountsJson,
    MinuteJson,
    QuantilesJson,
    RatesJson,
    StatisticsJson,
    TypeStatisticsJson,
)
from waybill.wire.timestamps import rfc3339
from waybill_api import attention
from waybill_api.handlers.parameters import TypeCursor, type_cursor_of
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.identity.accounts import Accounts
from waybill_api.store import tables
from waybill_api.store.followers.statistics import MINUTE, Course, Minute, Statistics, TypeCounts
from waybill_api.store.store import Store
from waybill_api.upkeep.workers import Workers

MOST_TYPES = 1_000
"""How many types one answer has at most."""

AT_ONCE = 50
"""How many types are computed at once, before other requests are served."""

T = TypeVar("T")


class StatisticsHandler(Endpoint):
    """The statistics of all types."""

    @call("get_statistics")
    async def get(
        self,
        limit: Annotated[int, Field(ge=0, le=MOST_TYPES, description="Of how many types to tell.")] = MOST_TYPES,
        cursor: TypeCursor = None,
    ) -> StatisticsJson:
        """Return tasks by status, the last hour by minutes, the types, and what needs attention.

        The counts are exact. The hour is counted in memory; after a start, only tasks that were created in it are known
        of the time before. If there are more types, `Link` leads on to them.
        """
        names = self.store.statistics.types()
        start = 0 if cursor is None else bisect_right(names, cursor)
        some = names[start : start + limit]
        if some and start + limit < len(names):
            self.link_next(type_cursor_of(some[-1]))
        return await statistics_of(self.store, self.workers, self.accounts, some)


async def statistics_of(
    store: Store, workers: Workers, accounts: Accounts | None, names: Sequence[str] = ()
) -> StatisticsJson:
    """Return the statistics of the service and of the types with these names."""
    now = store.clock.now()
    course = store.statistics.course(now)
    # A part that cannot be read is left out, so that the answer can still show the condition.
    oldest = await _if_readable(store.read(tables.tasks.oldest_new), None)
    has_demo = accounts is not None and await _if_readable(accounts.has_demo(), False)
    waiting = await _if_readable(store.read(tables.lanes.waiting_routes), [])
    behind = await _if_readable(store.read(tables.searched.behind), 0)
    hour = course.hour
    return {
        "recorded_at": rfc3339(now),
        "counts": _counts(course),
        "rates": _rates(course, now),
        "oldest_waiting": None
        if oldest is None
        else {"task_id": oldest.task_id, "created_at": rfc3339(oldest.created_at)},
        "workers": workers.alive(),
        "wait": _quantiles(hour.waits),
        "run": _quantiles(hour.runs),
        "minutes": _minutes(course, now),
        "types": await _of_types(store.statistics, now, names),
        "attention": [
            *attention.unready(store.conditions.now()),
            *attention.demo(has_demo),
            *attention.disk(store.path.parent),
            *attention.unserved(waiting, workers.served(), workers.taken()),
            *attention.failing(store.statistics.ended(now, attention.FAILING_MINUTES)),
            *attention.silent(store.whereabouts.silent()),
            *attention.search(behind),
        ],
    }


async def _if_readable(reading: Awaitable[T], otherwise: T) -> T:
    try:
        return await reading
    except Unavailable:
        return otherwise


def _counts(course: Course | TypeCounts) -> CountsJson:
    return {
        "NEW": course.counts[Status.NEW],
        "PROCESSING": course.counts[Status.PROCESSING],
        "COMPLETED": course.counts[Status.COMPLETED],
        "ERROR": course.counts[Status.ERROR],
    }


def _rates(course: Course, now: int) -> RatesJson:
    """Return what happened in this minute and the one before, per second."""
    latest = course.minutes[-2:]
    seconds = 60 + now % MINUTE / 1000
    return {
        "created": _per(sum(minute.created for minute in latest), seconds),
        "completed": _per(sum(minute.completed for minute in latest), seconds),
        "error": _per(sum(minute.error for minute in latest), seconds),
    }


def _per(count: int, seconds: float) -> float:
    return round(count / seconds, 3)


def _quantiles(durations: Durations) -> QuantilesJson:
    return {"p50": durations.quantile(0.5), "p95": durations.quantile(0.95)}


def _minutes(course: Course, now: int) -> list[MinuteJson]:
    first = now // MINUTE - len(course.minutes) + 1
    return [
        {
            "at": rfc3339((first + number) * MINUTE),
            "created": minute.created,
            "completed": minute.completed,
            "error": minute.error,
            "wait": _quantiles(minute.waits),
            "run": _quantiles(minute.runs),
        }
        for number, minute in enumerate(course.minutes)
    ]


async def _of_types(statistics: Statistics, now: int, names: Sequence[str]) -> list[TypeStatisticsJson]:
    """Write the statistics of types; there may be many, so other requests are served in between."""
    found: list[TypeStatisticsJson] = []
    for start in range(0, len(names), AT_ONCE):
        found += (of_type(name, statistics.standing(now, name)) for name in names[start : start + AT_ONCE])
        await asyncio.sleep(0)
    return found


def of_type(name: str, standing: TypeCounts) -> TypeStatisticsJson:
    """Write how the tasks of a type stand and have gone."""
    return {
        "type": name,
        "counts": _counts(standing),
        "error_rate": _error_rate(standing.hour),
        "wait": _quantiles(standing.hour.waits),
        "run": _quantiles(standing.hour.runs),
        "completed": standing.completed,
        "error": standing.error,
    }


def _error_rate(hour: Minute) -> float | None:
    ended = hour.completed + hour.error
    return round(hour.error / ended, 4) if ended else None
