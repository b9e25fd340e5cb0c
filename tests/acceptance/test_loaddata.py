"""`manage.py loaddata` makes task types, beside a running API and without one, as often as one likes."""

import fcntl
import json
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance

SLEEP = "sleep"


def test_loaded_twice_beside_a_running_api_it_is_the_same(instance: Instance) -> None:
    instance.start_api()
    first = instance.manage("loaddata", "initial")
    assert first.returncode == 0, first.stderr
    types = instance.get("/task-types")
    second = instance.manage("loaddata", "initial")
    assert second.returncode == 0, second.stderr
    assert instance.get("/task-types") == types
    assert len(types) > 1
    assert SLEEP in [one["name"] for one in types]
    assert any(one["handler"] is None for one in types)


def test_loaded_twice_without_an_api_it_is_there_when_one_starts(instance: Instance) -> None:
    for _ in range(2):
        loaded = instance.manage("loaddata", "initial")
        assert loaded.returncode == 0, loaded.stderr
        assert "kept     delivery\n" in loaded.stdout or "created  delivery\n" in loaded.stdout
    told = [json.loads(line) for line in instance.manage("loaddata", "initial", "--json").stdout.splitlines()]
    assert {"kind": "task_type", "name": "delivery", "effect": "kept"} in told
    instance.start_api()
    assert "delivery" in [one["name"] for one in instance.get("/task-types")]


def test_an_existing_type_is_brought_up_to_date(instance: Instance) -> None:
    fixture = instance.folder / "types.json"
    instance.start_api()
    for processing_time in (1, 2):
        fixture.write_text(json.dumps([{"name": "brew", "handler": "sleep", "processing_time": processing_time}]))
        loaded = instance.manage("loaddata", str(fixture))
        assert loaded.returncode == 0, loaded.stderr
        assert instance.get("/task-types/brew")["processing_time"] == processing_time


@pytest.mark.parametrize("content", ['[{"name": "a"}, {"name": "a"}]', "[" * 100_000], ids=["twice", "deep"])
def test_a_bad_fixture_is_told_in_one_line(instance: Instance, content: str) -> None:
    fixture = instance.folder / "types.json"
    fixture.write_text(content)
    loaded = instance.manage("loaddata", str(fixture))
    assert (loaded.returncode, loaded.stdout) == (2, "")
    assert len(loaded.stderr.splitlines()) == 1, loaded.stderr


@pytest.mark.parametrize("arguments", [("loaddata",), ("dance",)])
def test_bad_usage_is_exit_code_2(instance: Instance, arguments: tuple[str, ...]) -> None:
    used = instance.manage(*arguments)
    assert used.returncode == 2
    assert used.stderr
    assert "Traceback" not in used.stderr


def test_a_nonsense_setting_is_exit_code_2(instance: Instance) -> None:
    used = instance.manage("loaddata", "initial", port="many")
    assert used.returncode == 2
    assert used.stderr.startswith("WAYBILL_PORT must be")


def test_a_held_lock_without_an_api_that_answers_is_exit_code_1(instance: Instance) -> None:
    instance.data.mkdir()
    lock: Path = instance.data / "tasks.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        loaded = instance.manage("loaddata", "initial", lock_wait_seconds="1")
    assert loaded.returncode == 1
    tries, gives_up = loaded.stderr.splitlines()
    assert "trying for up to 1 s" in tries
    assert "WAYBILL_API_URL" in gives_up
