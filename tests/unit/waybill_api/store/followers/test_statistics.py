"""The statistics follow the store exactly, and begin again where they were."""

import asyncio
import sqlite3
import tracemalloc
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.waybill_api.conftest import OpenStore
from waybill.domain.report import Report
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import Task, TaskError
from waybill.domain.task_type import TaskType
from waybill.domain.transitions import end, retry
from waybill_api.store import commands
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.followers.statistics import MINUTE, MOST_TYPES, Statistics
from waybill_api.store.writing.unit import Change, Commit

NOW = 1_000 * MINUTE


def task(**fields: object) -> Task:
    defaults: dict[str, object] = {
        "task_id": "t",
        "name": "n",
        "type": "sleep",
        "handler": "sleep",
        "processing_time": 1,
        "created_at": NOW,
        "due_at": NOW,
    }
    return Task(**defaults | fields)  # type: ignore[arg-type]


def told(statistics: Statistics, *changes: tuple[Task | None, Task | None]) -> None:
    for before, after in changes:
        steps: Counter[tuple[str, Status]] = Counter()
        if before is not None:
            steps[before.type, before.status] -= 1
        if after is not None:
            steps[after.type, after.status] += 1
        statistics.notice(Commit([Change(before, after)], steps=steps))


def test_a_task_is_counted_through_its_life_each_deed_in_its_minute() -> None:
    statistics = Statistics((), ())
    new = task()
    started = replace(new, status=Status.PROCESSING, started_at=NOW + MINUTE, due_at=None)
    failed = end(started, Status.ERROR, now=NOW + 2 * MINUTE, error=TaskError(ErrorCode.FAILED, "x"))
    again = retry(failed, None, now=NOW + 3 * MINUTE)
    done = end(again, Status.COMPLETED, now=NOW + 4 * MINUTE)
    told(statistics, (None, new), (new, started))
    told(statistics, (started, failed))
    assert statistics.course(NOW + 2 * MINUTE).counts[Status.ERROR] == 1
    told(statistics, (failed, again))
    told(statistics, (again, done))
    course = statistics.course(NOW + 4 * MINUTE, "sleep")
    assert course.counts == {Status.NEW: 0, Status.PROCESSING: 0, Status.COMPLETED: 1, Status.ERROR: 0}
    seen = [(minute.created, minute.error, minute.completed) for minute in course.minutes[-5:]]
    assert seen == [(1, 0, 0), (0, 0, 0), (0, 1, 0), (0, 0, 0), (0, 0, 1)]
    assert [minute.waits.total for minute in course.minutes[-5:]] == [0, 1, 0, 0, 1]
    assert course.hour.runs.total == 2
    told(statistics, (done, None))
    assert not any(statistics.course(NOW + 4 * MINUTE).counts.values())


def test_a_tracked_task_waits_for_no_worker() -> None:
    created = task(handler=None, due_at=None)
    reported = replace(created, status=Status.PROCESSING, started_at=NOW + 5 * MINUTE)
    done = end(reported, Status.COMPLETED, now=NOW + 6 * MINUTE)
    followed, begun = Statistics((), ()), Statistics((), (done,))
    told(followed, (None, created), (created, reported), (reported, done))
    for statistics in (followed, begun):
        hour = statistics.course(NOW + 6 * MINUTE, "sleep").hour
        assert (hour.waits.total, hour.runs.total, hour.completed) == (0, 1, 1)


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    statistics = Statistics((), ())
    for minutes in (0, 30, 90):
        told(statistics, (None, task(created_at=NOW + minutes * MINUTE)))
    assert statistics.course(NOW + 90 * MINUTE).hour.created == 1
    assert len(statistics._minutes[""]) <= 61


def test_the_minutes_of_very_many_types_are_not_all_kept() -> None:
    statistics = Statistics((), ())
    for number in range(MOST_TYPES + 50):
        told(statistics, (None, task(type=f"type-{number}")))
    assert len(statistics._minutes) <= MOST_TYPES + 1
    assert statistics.course(NOW).hour.created == MOST_TYPES + 50
    assert len(statistics.types()) == MOST_TYPES + 50


DEEDS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["start", "complete", "fail", "cancel", "retry", "delete"]))
)


@given(st.lists(st.integers(0, 1), max_size=6), DEEDS)
def test_whatever_happens_the_counts_are_those_of_the_tasks(types: list[int], deeds: list[tuple[int, str]]) -> None:
    statistics = Statistics((), ())
    tasks: dict[int, Task | None] = {}
    for number, kind in enumerate(types):
        tasks[number] = task(task_id=str(number), type=f"type-{kind}")
        told(statistics, (None, tasks[number]))
    for number, deed in deeds:
        before = tasks.get(number)
        if before is None:
            continue
        after: Task | None = before
        is_final = before.status.is_final
        if deed == "start" and before.status is Status.NEW:
            after = replace(before, status=Status.PROCESSING, started_at=NOW)
        elif deed == "complete" and not is_final:
            after = end(before, Status.COMPLETED, now=NOW)
        elif deed in ("fail", "cancel") and not is_final:
            after = end(before, Status.ERROR, now=NOW, error=TaskError(ErrorCode.FAILED, ""))
        elif deed == "retry" and is_final:
            after = retry(before, None, now=NOW)
        elif deed == "delete" and is_final:
            after = None
        tasks[number] = after
        told(statistics, (before, after))
    counted = Counter(one.status for one in tasks.values() if one is not None)
    assert statistics.course(NOW).counts == {status: counted[status] for status in Status}


def test_the_counts_of_the_database_are_those_of_its_tasks(open_store: OpenStore) -> None:
    async def work() -> None:
        async with open_store() as store:
            await store.write(
                commands.task_types.create, TaskType(name="parcel", title="Parcel", handler=None, created_at=0)
            )
            task_ids = await store.write(commands.tasks.create, [TaskDraft(name="n", type="parcel") for _ in range(9)])
            await store.insist(
                commands.reports.report, [Report(task_id=task_id, status=Status.PROCESSING) for task_id in task_ids[:6]]
            )
            await store.insist(
                commands.reports.report, [Report(task_id=task_id, status=Status.COMPLETED) for task_id in task_ids[:2]]
            )
            await store.write(commands.tasks.cancel, task_ids[8])
            await store.write(commands.tasks.retry, task_ids[0])
            await store.write(commands.tasks.delete, task_ids[1])
            followed = store.statistics.course(store.clock.now())
            connection = sqlite3.connect(store.path)
        assert followed.counts == {Status.NEW: 3, Status.PROCESSING: 4, Status.COMPLETED: 0, Status.ERROR: 1}
        counted = "SELECT type, status, count(*) FROM tasks GROUP BY 1, 2 ORDER BY 1, 2"
        tallied = "SELECT type, status, tasks FROM tallies WHERE tasks > 0 ORDER BY 1, 2"
        assert connection.execute(tallied).fetchall() == connection.execute(counted).fetchall()
        connection.close()
        async with open_store() as store:
            begun = store.statistics.course(store.clock.now())
        assert begun.counts == followed.counts
        assert begun.hour.created == followed.hour.created - 1, "the one that was deleted is gone"

    asyncio.run(work())


@pytest.mark.gen_test
async def test_a_start_takes_no_more_of_large_tasks_into_memory_than_it_counts(open_store: OpenStore) -> None:
    """A task may hold 60 KB, and 20,000 of them are looked at."""
    async with open_store() as store:
        await store.write(commands.tasks.create, [TaskDraft(name="n", processing_time=1, input="x" * 60_000)] * 200)
    tracemalloc.start()
    try:
        async with open_store() as store:
            peak = tracemalloc.get_traced_memory()[1]
            assert store.statistics.course(store.clock.now()).hour.created == 200
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_a_standing_is_the_course_in_short() -> None:
    statistics = Statistics((), ())
    for number in range(90):
        at = NOW + number * MINUTE
        new = task(created_at=at, due_at=at)
        started = replace(new, status=Status.PROCESSING, started_at=at + number, due_at=None)
        status = Status.ERROR if number % 3 == 0 else Status.COMPLETED
        error = TaskError(ErrorCode.FAILED, "x") if status is Status.ERROR else None
        told(statistics, (None, new), (new, started), (started, end(started, status, now=at + 2_000, error=error)))
    now = NOW + 89 * MINUTE
    course, standing = statistics.course(now, "sleep"), statistics.standing(now, "sleep")
    assert standing.counts == course.counts
    assert standing.completed == [minute.completed for minute in course.minutes]
    assert standing.error == [minute.error for minute in course.minutes]
    assert [standing.hour.waits.counts, standing.hour.runs.counts] == [
        course.hour.waits.counts,
        course.hour.runs.counts,
    ]
    assert statistics.ended(now, 15) == {"sleep": (sum(standing.completed[-15:]), sum(standing.error[-15:]))}
    assert statistics.standing(now, "other").completed == [0] * 60
