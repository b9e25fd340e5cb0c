"""The measure of growth measures what it says, on databases that look like those of the API."""

import json
import sys

import pytest

from benchmarks.filling.filling import fill
from benchmarks.growth import jsons
from benchmarks.growth.jsons import TYPE, Jsons, is_open, key_of
from tests.acceptance.instance import Instance

FEW, MANY = 60, 300
PERIOD = 70
"""The last copy is of a part of a period."""


def test_a_filled_database_is_one_that_the_api_has_written(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsons, "OPEN", 30)
    monkeypatch.setattr(jsons, "PERIOD", PERIOD)
    instance.data.mkdir(mode=0o700)
    task_ids = fill(instance.data / "tasks.db", MANY, Jsons(MANY), lambda _: None)
    instance.start_api()
    tasks = instance.get("/tasks")
    assert [task["task_id"] for task in tasks] == task_ids
    assert [task["status"] == 2 for task in tasks] == [is_open(number, MANY) for number in range(MANY)]
    assert tasks[7] == instance.get("/tasks", type=TYPE, external_key=key_of(7))[0]
    assert [event["kind"] for event in instance.get(f"/tasks/{task_ids[7]}/events")] == ["create", "report", "report"]


@pytest.mark.slow
def test_growth_is_measured_and_leaves_nothing_behind(instance: Instance) -> None:
    found = instance.folder / "growth.json"
    places = ["--folder", str(instance.temporary), "--json", str(found)]
    sizes = ["--tasks", str(MANY), "--few", str(FEW), "--rounds", "1", "--seconds", "0.2"]
    bench = instance.start("growth", sys.executable, "-m", "benchmarks.growth", *sizes, *places)
    assert bench.ended(300) == 0, bench.read()
    figures = json.loads(found.read_text())
    assert [figure["name"] for figure in figures] == ["reports", "GET by id", "GET by external key"]
    assert all(figure["waybill"]["value"] > 0 and figure["against"]["value"] > 0 for figure in figures)
    assert not list(instance.temporary.iterdir())
