"""Tasks created in a period are found, even if the clock was set back."""

import random
import sqlite3
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.databases import new_in_memory
from waybill.domain.task import Task
from waybill_api.search.query import Query
from waybill_api.store.engine.ids import Ids
from waybill_api.store.finding import finder
from waybill_api.store.tables import failures, tasks

DAY = 24 * 3_600_000
NOW = 20_000 * DAY


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    database = new_in_memory()
    yield database.connection()
    database.close()


def create(connection: sqlite3.Connection, times: Sequence[int]) -> list[Task]:
    """Create tasks one after the other at these readings of the clock, as an API does that was restarted meanwhile."""
    ids = Ids()
    made = [
        Task(task_id=ids.draw(time), name="n", type="sleep", handler=None, processing_time=1, created_at=time)
        for time in times
    ]
    tasks.insert(connection, made)
    return made


def found(connection: sqlite3.Connection, *, newest: bool, **asked: int | None) -> list[str]:
    page = finder.find_ids(connection, Query(**asked), None, 1_000, newest=newest, seconds=60)  # type: ignore[arg-type]
    assert (page.place, page.is_partial) == (None, False)
    return page.task_ids


def test_tasks_that_were_created_after_the_clock_was_put_right_are_found(connection: sqlite3.Connection) -> None:
    before, ahead, *after = create(connection, [NOW, NOW + 2 * DAY, NOW + 1_000, NOW + 2_000, NOW + 3 * DAY])
    expected = [task.task_id for task in (before, *after[:2])]
    assert found(connection, newest=False, created_to=NOW + 5_000) == expected
    assert found(connection, newest=True, created_from=NOW, created_to=NOW + 5_000) == expected[::-1]
    assert found(connection, newest=False, created_from=NOW + 2 * DAY) == [ahead.task_id, after[2].task_id]
    assert found(connection, newest=False, created_to=NOW) == []


STEPS = st.lists(st.one_of(st.integers(0, 5_000), st.integers(-3 * DAY, 3 * DAY)), min_size=1, max_size=30)


@given(steps=STEPS, edges=st.tuples(st.integers(-DAY, 4 * DAY), st.integers(-DAY, 4 * DAY)), newest=st.booleans())
def test_whatever_the_clock_does_what_was_created_in_a_time_is_found(
    steps: list[int], edges: tuple[int, int], newest: bool
) -> None:
    database = new_in_memory()
    try:
        connection = database.connection()
        times, now = [], NOW
        for step in steps:
            now += step
            times.append(now)
        made = create(connection, times)
        bounds = {"created_from": NOW + edges[0], "created_to": NOW + edges[1]}
        for asked in (bounds, {"created_to": times[len(times) // 2]}, {"created_from": times[len(times) // 2]}):
            low, high = asked.get("created_from", 0), asked.get("created_to", 1 << 60)
            expected = [task.task_id for task in made if low <= task.created_at < high]
            assert found(connection, newest=newest, **asked) == (expected[::-1] if newest else expected)
    finally:
        database.close()


def test_a_clock_that_was_set_back_does_not_make_every_search_read_everything(connection: sqlite3.Connection) -> None:
    chance = random.Random(3)
    times = [NOW + number * 1_000 for number in range(500)]
    times += [NOW + 2 * DAY, *(NOW + 600_000 + chance.randrange(1_000) for _ in range(200))]
    times += [NOW + 2 * DAY + number * 1_000 for number in range(500)]
    create(connection, times)
    looked: list[str] = []
    connection.set_trace_callback(looked.append)
    found(connection, newest=True, created_to=NOW + 10_000)
    connection.set_trace_callback(None)
    candidates = [one for one in looked if one.startswith("SELECT task_id FROM tasks WHERE task_id >")]
    (read,) = connection.execute(f"SELECT count(*) FROM ({candidates[0]})").fetchone()
    assert read == 11, "ten seconds, and the one by which ids may be ahead"


def test_the_latest_hour_is_counted_whatever_the_clock_did(connection: sqlite3.Connection) -> None:
    hour = 3_600_000
    times = [NOW - 1_000, NOW + 2 * DAY, NOW - 2 * DAY, NOW - 500, NOW]
    create(connection, times)
    assert [one.created_at for one in tasks.recent(connection, NOW - hour, NOW, 100)] == [NOW, NOW - 500, NOW - 1_000]


def test_a_failure_that_was_seen_by_a_clock_ahead_is_not_the_last_one_for_days(connection: sqlite3.Connection) -> None:
    def seen(task_id: str, at: int, now: int) -> failures.Failure:
        failures.add(connection, [failures.Failure("f", "sleep", "failed", "no such host", 1, at, at, task_id)], now)
        return failures.latest(connection, None, None, 1)[0]

    seen("ahead", NOW + 2 * DAY, NOW + 2 * DAY)
    group = seen("later", NOW + 5, NOW + 10)
    assert (group.tasks, group.first_seen, group.last_seen, group.task_id) == (2, NOW + 5, NOW + 5, "later")
    group = seen("earlier", NOW + 1, NOW + 20)
    assert (group.tasks, group.first_seen, group.last_seen, group.task_id) == (3, NOW + 1, NOW + 5, "later")
