"""Services of other people report through outages of the API, and of their own."""

import contextlib
import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.instance import Instance, Service, wait_until
from waybill import Client, Reporter

REPORTERS = 8
AWAY = 5
AWAY_IN_THE_LONG_FORM = 30
"""Seconds."""

MOST_GROWTH = 48 * 1_048_576
"""Bytes; what the reporters of a process may take in addition while the API is away."""


@pytest.fixture
def away(pytestconfig: pytest.Config) -> int:
    return AWAY_IN_THE_LONG_FORM if pytestconfig.getoption("long") else AWAY


@pytest.fixture
def task_ids(instance: Instance) -> list[str]:
    instance.start_api()
    assert instance.post("/task-types", {"name": "order"}).ok
    tasks = [{"name": f"order {number}", "type": "order"} for number in range(REPORTERS)]
    answer = instance.post("/tasks/batch", {"tasks": tasks})
    return [str(task_id) for task_id in answer.json()["task_ids"]]


def start(instance: Instance, task_ids: list[str], first: int = 0) -> Service:
    module = "tests.acceptance.reporting_service"
    token, spool = instance.data / "admin.token", instance.folder / "spool"
    return instance.start(
        "service", sys.executable, "-m", module, instance.url, str(token), str(spool), str(first), *task_ids
    )


def said(instance: Instance, task_id: str) -> list[dict[str, Any]]:
    """Return the reports in a task's history."""
    events: list[dict[str, Any]] = []
    client = Client(instance.url, (instance.data / "admin.token").read_text().strip())
    after = 0
    while page := client.task_events(task_id, after):
        events += page
        after = page[-1]["event_id"]
    return [event for event in events if event["kind"] == "report"]


def numbers(instance: Instance, task_id: str) -> list[int]:
    """Return what was said of a task, in the order of its first arrival; what comes again must change nothing."""
    seen: dict[int, None] = {}
    for event in said(instance, task_id):
        assert event["outcome"] == "applied" or event["number"] in seen, event
        seen[event["number"]] = None
    return list(seen)


def latest(instance: Instance, task_ids: list[str]) -> list[int]:
    """Return for each task the number that was said last, as far as the API knows."""
    return [max(instance.task(task_id)["metadata"].values()) for task_id in task_ids]


def spooled(folder: Path) -> set[Path]:
    """Return the spools that hold a report."""
    return {path for path in folder.rglob("*.db") if holds_a_report(path)}


def holds_a_report(path: Path) -> bool:
    """Tell whether a spool does, as somebody who only looks."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT 1 FROM reports LIMIT 1").fetchone() is not None
    except sqlite3.OperationalError:
        return False


def test_while_the_api_is_killed_nothing_is_lost_order_holds_and_memory_stays(
    instance: Instance, task_ids: list[str], away: int
) -> None:
    api = instance.services[0]
    service = start(instance, task_ids)
    wait_until(lambda: all(instance.task(task_id)["metadata"] for task_id in task_ids), "reports on every task")
    known = latest(instance, task_ids)
    api.kill()
    # How long it is away is what is tried.
    time.sleep(away)
    api = instance.start_api()
    wait_until(
        lambda: all(new > old for new, old in zip(latest(instance, task_ids), known, strict=True)), "reports after it"
    )
    assert service.stop(seconds=180) == 0
    ending = json.loads(service.read().splitlines()[-1])
    assert ending["flushed"]
    assert ending["peak"] - ending["before"] < MOST_GROWTH
    for number, task_id in enumerate(task_ids):
        count = ending["following"][task_id]
        assert numbers(instance, task_id) == list(range(count))
        assert instance.task(task_id)["metadata"] == {f"service-{number}": count - 1}
        assert count - 1 > known[number], "what was said while the API was away"
    assert not [path for path in (instance.folder / "spool").rglob("*") if path.is_file() and path.name != "clock"]


def test_what_a_killed_service_had_spooled_the_next_one_delivers_first(instance: Instance, task_ids: list[str]) -> None:
    api = instance.services[0]
    killed = start(instance, task_ids)
    wait_until(lambda: all(instance.task(task_id)["metadata"] for task_id in task_ids), "reports on every task")
    known = sum(len(numbers(instance, task_id)) for task_id in task_ids)
    api.kill()
    spools = instance.folder / "spool"
    wait_until(lambda: len(spooled(spools)) == REPORTERS, "something in the spool of each reporter")
    killed.kill()
    left_behind = set(spools.rglob("*.db"))
    later = start(instance, task_ids, first=1_000_000)
    wait_until(lambda: len(spooled(spools) - left_behind) == REPORTERS, "something in each spool of the next one")
    instance.start_api()
    wait_until(lambda: min(latest(instance, task_ids)) >= 1_000_000, "the later reports")
    assert later.stop(seconds=180) == 0
    ending = json.loads(later.read().splitlines()[-1])
    kept = 0
    for task_id in task_ids:
        found = numbers(instance, task_id)
        left = [number for number in found if number < 1_000_000]
        # What was just said when it was killed may have been in memory only: never one in the middle.
        assert left == list(range(len(left)))
        assert found == left + list(range(1_000_000, ending["following"][task_id]))
        kept += len(left)
    assert kept > known, "what was said while the API was away"


def test_a_report_that_comes_before_the_create_is_applied_after_it(instance: Instance, tmp_path: Path) -> None:
    instance.start_api()
    token = (instance.data / "admin.token").read_text().strip()
    client = Client(instance.url, token)
    client.create_task_type("order")
    known = client.create_task("known", type="order")
    with Reporter(instance.url, token, source="early", spool=tmp_path / "spool") as reporter:
        with reporter.received(type="order", external_key="2026-1") as order:
            order.stage("pay")
            order.metadata(paid=True)
            with reporter.received(order.seq, task_id=known) as other:
                other.complete()
        wait_until(lambda: instance.task(known)["status"] == 3, "the report on the task that is known")
        wait_until(lambda: 'outcome="unknown"} 0.0' not in instance.session.get(f"{instance.url}/metrics").text, "a no")
        task_id = client.create_task("late", type="order", external_key="2026-1")
        assert reporter.flush(30)
    task = instance.task(task_id)
    assert (task["status"], task["stage"], task["metadata"]) == (2, "pay", {"paid": True})
