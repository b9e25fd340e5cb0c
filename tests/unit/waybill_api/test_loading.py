"""Task types of files, brought into a store that nobody else holds."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from waybill.settings import Settings
from waybill_api.commands import creation
from waybill_api.commands.installation import Unreachable
from waybill_api.commands.loading import load
from waybill_api.fixtures import fixture
from waybill_api.fixtures.effect import Effect

SECRET = "a long enough secret"


def loaded(folder: Path, *types: dict[str, Any]) -> dict[str, Effect]:
    path = folder / "types.json"
    path.write_text(json.dumps(types))
    return load(fixture.read(str(path)), Settings(data_dir=folder / "data"))[0]


def test_a_pipeline_is_created_kept_and_changed(tmp_path: Path) -> None:
    clean = {"name": "clean", "stages": ["fetch", "parse"]}
    assert loaded(tmp_path, clean) == {"clean": Effect.CREATED}
    assert loaded(tmp_path, clean) == {"clean": Effect.KEPT}
    assert loaded(tmp_path, clean | {"stages": ["fetch"]}) == {"clean": Effect.CHANGED}
    assert loaded(tmp_path, {"name": "clean", "stages": None, "handler": "sleep"}) == {"clean": Effect.CHANGED}


def test_what_is_loaded_is_set_for_good_though_code_has_declared_the_same(tmp_path: Path) -> None:
    loaded(tmp_path, {"name": "clean", "handler": "clean"})
    with closing(sqlite3.connect(tmp_path / "data" / "tasks.db")) as connection:
        # As a declaration leaves it.
        connection.execute("UPDATE task_types SET max_attempts = 3, edited = '[]' WHERE name = 'clean'")
        connection.commit()
    same = {"name": "clean", "handler": "clean", "max_attempts": 3, "secret": ["password"]}
    assert loaded(tmp_path, same | {"secret": []}) == {"clean": Effect.CHANGED}
    assert loaded(tmp_path, same | {"secret": []}) == {"clean": Effect.KEPT}
    assert loaded(tmp_path, same | {"input_schema": {"type": "object"}}) == {"clean": Effect.CHANGED}
    with pytest.raises(fixture.FixtureError, match=r"/0/input_schema: .*is no JSON Schema"):
        loaded(tmp_path, same | {"input_schema": {"type": "objekt"}})


def noted(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data" / "tasks.db")) as connection:
        found = connection.execute("SELECT who, action, target, outcome, details FROM audit ORDER BY audit_id")
        return [(*line, json.loads(details)) for *line, details in found]


def test_each_change_of_a_task_type_stands_in_the_audit_log(tmp_path: Path) -> None:
    photo = {"name": "photo", "handler": "sleep", "processing_time": 1}
    slower = photo | {"processing_time": 2}
    for wanted in (photo, photo, slower):
        loaded(tmp_path, wanted)
    assert noted(tmp_path) == [
        ("(command line)", "create_task_type", "/task-types/photo", "done", {"body": photo}),
        ("(command line)", "change_task_type", "/task-types/photo", "done", {"body": slower}),
    ]


def test_each_new_account_stands_in_the_audit_log_without_its_password(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = {"name": "ann", "role": "operator", "password": SECRET}
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({"accounts": [first]}))
    for _ in range(2):
        load(fixture.read(str(path)), settings)
    creation.create("eve", "admin", SECRET, settings)
    lines = noted(tmp_path)
    assert [line[:4] for line in lines] == [
        ("(command line)", "create_account", "/accounts/ann", "done"),
        ("(command line)", "create_account", "/accounts/eve", "done"),
    ]
    assert [line[4]["body"]["role"] for line in lines] == ["operator", "admin"]
    assert SECRET not in str(lines)


def test_what_the_store_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="a handler or stages"):
        loaded(tmp_path, {"name": "sleep", "stages": ["fetch"]})
