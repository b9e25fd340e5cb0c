"""Many reports on one task become few writes of its row, without any delay that waits for more of them."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.stateful.running import REPORTER, RunningApi
from waybill import Reporter

REPORTERS = 64
EACH = 25
PACE = 0.01
"""Seconds between two reports of a service that works."""

MOST_UPDATES = 0.05
"""Row updates of `tasks` for each report."""

MOST_UPDATES_ONE_BY_ONE = 0.25
"""The same where no report shares its request with another, so that only the group commit coalesces."""

COUNTING = """
create table counted (updates integer not null);
insert into counted values (0);
create trigger count_updates after update on tasks begin update counted set updates = updates + 1; end;
"""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    api = RunningApi(tmp_path)
    yield api
    api.close()


@contextmanager
def sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


@pytest.mark.parametrize(
    ("pace", "one_by_one", "most"),
    [(0.0, False, MOST_UPDATES), (PACE, False, MOST_UPDATES), (0.0, True, MOST_UPDATES_ONE_BY_ONE)],
    ids=["as fast as they can", "while they work", "one by one"],
)
def test_64_reporters_at_once_cost_a_hot_task_few_updates(
    api: RunningApi, tmp_path: Path, pace: float, one_by_one: bool, most: float
) -> None:
    """A trigger counts each row that SQLite updates; nothing of the service's own is asked."""
    api.call("POST", "/task-types", {"name": "order"})
    task_id = api.call("POST", "/tasks", {"name": "hot", "type": "order"}).json()["task_id"]
    with sqlite(api.path) as connection:
        connection.executescript(COUNTING)
    together = threading.Barrier(REPORTERS)
    delivered: list[bool] = []

    def work(number: int) -> None:
        with Reporter(api.url, REPORTER, source=f"service-{number}", spool=tmp_path / f"spool-{number}") as reporter:
            said = reporter.received(task_id=task_id)
            together.wait(60)
            for step in range(EACH):
                said.metadata({f"service-{number}": step})
                time.sleep(pace)
                if one_by_one:
                    assert reporter.flush(60)
            delivered.append(reporter.flush(60))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(REPORTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert delivered == [True] * REPORTERS
    with sqlite(api.path) as connection:
        ((updates,),) = connection.execute("select updates from counted")
        ((reports,),) = connection.execute("select count(*) from events where kind = 'report'")
    metadata = api.call("GET", f"/tasks/{task_id}").json()["metadata"]
    assert metadata == {f"service-{number}": EACH - 1 for number in range(REPORTERS)}
    assert reports == REPORTERS * EACH
    print(f"{updates} updates for {reports} reports: {updates / reports:.4f} each")  # noqa: T201
    assert updates <= most * reports
