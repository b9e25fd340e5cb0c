"""The measure of the pages measures all of them, on a database that looks like one of the API."""

import json
import sys
from collections import Counter

import pytest

from benchmarks.filling.filling import fill
from benchmarks.pages import variety
from benchmarks.pages.asking import REQUESTS
from benchmarks.pages.variety import Variety, type_of
from tests.acceptance.instance import Instance

COUNT = 250
PERIOD = 100
"""Two whole periods, and a part of a third."""


def test_a_filled_database_is_one_that_the_api_has_written(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    for module_name, value in (("PERIOD", PERIOD), ("NEW", 0.05), ("PROCESSING", 0.1), ("FAILED", 0.3)):
        monkeypatch.setattr(variety, module_name, value)
    monkeypatch.setattr(Variety, "period", PERIOD)
    instance.data.mkdir(mode=0o700)
    task_ids = fill(instance.data / "tasks.db", COUNT, Variety(), lambda _: None)
    instance.start_api()
    tasks = instance.get("/tasks")
    assert [task["task_id"] for task in tasks] == task_ids
    assert [task["type"] for task in tasks] == [type_of(number) for number in range(COUNT)]
    assert instance.get("/statistics")["counts"] == {
        name: sum(task["status_name"] == name for task in tasks) for name in ("NEW", "PROCESSING", "COMPLETED", "ERROR")
    }
    failures = {one["fingerprint"]: one for one in instance.get("/failures", limit="1000")}
    assert sum(one["tasks"] for one in failures.values()) == sum(task["status_name"] == "ERROR" for task in tasks)
    for fingerprint, failure in failures.items():
        found = instance.get("/tasks", q=f"failure:{fingerprint}")
        assert len(found) == failure["tasks"]
        assert (
            max(found, key=lambda task: (task["finished_at"], task["task_id"]))["finished_at"] == failure["last_seen"]
        )
    users = Counter(task["metadata"]["user"] for task in tasks)
    for task in tasks[:: PERIOD - 1]:
        assert instance.get("/tasks", q=task["external_key"]) == [task]
        assert len(instance.get("/tasks", q=f"meta.user:{task['metadata']['user']}")) == users[task["metadata"]["user"]]
        (first, *_) = events = instance.get(f"/tasks/{task['task_id']}/events")
        assert (first["kind"], first["recorded_at"]) == ("create", task["created_at"])
        assert events[-1]["task_status"] == task["status"]


def test_every_page_is_measured_and_nothing_is_left_behind(instance: Instance) -> None:
    found = instance.folder / "pages.json"
    places = ["--folder", str(instance.temporary), "--json", str(found)]
    bench = instance.start(
        "pages", sys.executable, "-m", "benchmarks.pages", "--tasks", "1000", "--requests", "1", *places
    )
    assert bench.ended(300) == 0, bench.read()
    document = json.loads(found.read_text())
    timings, works = document["pages"], document["long_work"]
    assert [timing["name"] for timing in timings] == [request.name for request in REQUESTS]
    assert all(timing["alone"]["value"] > 0 and timing["beside_writes"]["value"] > 0 for timing in timings)
    assert works[1]["tasks"] >= 1_000
    assert all(work["looks"] and work["creates"] and work["memory"] for work in works)
    assert all(work["tasks"] > 0 for work in works[1:])
    assert not list(instance.temporary.iterdir())
