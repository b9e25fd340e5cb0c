"""Which handlers there are, and which routes are served with them."""

import string
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from tests.unit.waybill_worker.scripted import ScriptedApi
from waybill.api_error import ApiUnreachable
from waybill.wire.workers import Heartbeat
from waybill_worker.handlers import installed as module
from waybill_worker.handlers.catalogue import Catalogue, Sources, catalogue
from waybill_worker.handlers.installed import installed_handlers
from waybill_worker.handlers.registry import Registry
from waybill_worker.handlers.sleep import sleep


def test_installed_packages_add_handlers_and_a_broken_one_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def entry_points(group: str) -> list[EntryPoint]:
        return [
            EntryPoint("upper", "string:capwords", group),
            EntryPoint("broken", "no.such.module:function", group),
        ]

    monkeypatch.setattr(module, "entry_points", entry_points)
    handlers: dict[str, Any] = dict(installed_handlers())
    assert set(handlers) == {"sleep", "upper"}
    assert handlers["sleep"] is sleep


def test_the_routes_are_the_types_whose_handler_is_here() -> None:
    api = ScriptedApi()
    api.types = [
        {"name": "nap", "handler": "sleep"},
        {"name": "resize", "handler": "resize_image"},
        {"name": "tracked", "handler": None},
    ]
    registry = Registry(api, Catalogue({"sleep": sleep}))
    assert registry.routes == frozenset()
    registry.refresh()
    assert registry.routes == {"nap/sleep"}
    assert registry.names == ["sleep"]
    assert registry.handler("sleep") is sleep
    assert registry.handler("resize_image") is None
    assert registry.handler(None) is None


def test_only_the_handlers_that_are_named_are_loaded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    entries = [EntryPoint("upper", "string:capwords", "g"), EntryPoint("broken", "no.such.module:function", "g")]
    monkeypatch.setattr(module, "entry_points", lambda group: entries)
    assert set(catalogue(Sources(), ["upper", "missing"]).handlers) == {"upper"}
    assert [record.getMessage() for record in caplog.records] == [
        "This worker is set to serve the handler missing, which is not installed"
    ]


def test_of_two_handlers_with_one_name_the_first_is_used_and_both_are_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    values = {"upper": ["string:capwords", "os:getcwd"], "sleep": ["time:sleep"]}
    entries = [EntryPoint(name, value, "g") for name, several in values.items() for value in several]
    monkeypatch.setattr(module, "entry_points", lambda group: entries)
    assert installed_handlers() == {"sleep": sleep, "upper": string.capwords}
    assert [record.getMessage() for record in caplog.records] == [
        "Two handlers are named upper: string:capwords is used, os:getcwd is left out",
        "Two handlers are named sleep: the built-in one is used, time:sleep is left out",
    ]


def test_of_a_pipeline_the_stages_whose_handler_is_here_are_served() -> None:
    api = ScriptedApi()
    api.types = [{"name": "clean", "handler": None, "stages": ["fetch", "sleep", "store"]}]
    registry = Registry(api, Catalogue({"sleep": sleep, "store": sleep}))
    registry.refresh()
    assert registry.routes == {"clean/sleep", "clean/store"}


def test_a_stage_that_its_type_has_no_more_is_served_while_tasks_go_through_it() -> None:
    api = ScriptedApi()
    api.types = [{"name": "clean", "handler": None, "stages": ["store"]}]
    registry = Registry(api, Catalogue({"sleep": sleep}))
    registry.refresh()
    assert not registry.notice({"clean/store"})
    assert registry.notice({"clean/sleep", "clean/store"})
    assert not registry.notice({"clean/sleep", "clean/store"})
    registry.refresh()
    assert registry.routes == {"clean/sleep"}


def test_a_handler_that_its_type_has_no_more_is_served_while_tasks_wait_for_it() -> None:
    api = ScriptedApi()
    api.types = [{"name": "nap", "handler": "echo"}]
    registry = Registry(api, Catalogue({"nap": sleep, "sleep": sleep}))
    registry.refresh()
    assert registry.routes == frozenset()
    assert registry.notice({"nap", "nap/echo", "nap/sleep", "other/a b"})
    assert registry.routes == {"nap", "nap/sleep"}
    assert not registry.notice({"nap"})
    assert registry.routes == {"nap"}, "routes without messages are forgotten, however many others made"


def test_routes_and_names_that_no_task_can_have_spoil_no_heartbeat() -> None:
    """Any handler may write to the queue's file, and any package may offer handlers."""
    names = ("sleep", "two words", "жук", "n" * 129, "line\nbreak", "nul\0")
    registry = Registry(ScriptedApi(), Catalogue(dict.fromkeys(names, sleep)))
    strange = {"Ä/sleep", "UPPER/sleep", "", "/sleep", "a b/sleep", "r" * 100 + "/sleep", "x/nul\0", "x/line\nbreak"}
    assert registry.notice({*strange, "nap/two words", "nap/жук", *(f"t{number}/sleep" for number in range(2_000))})
    assert len(registry.routes) == 1_000
    beat = Heartbeat.model_validate({"routes": sorted(registry.routes), "handlers": registry.names})
    assert {"nap/two words", "nap/жук"} <= set(beat.routes)
    assert set(beat.handlers or ()) == {"sleep", "two words", "жук"}
    assert not strange & registry.routes


def test_without_the_api_the_known_routes_stay() -> None:
    api = ScriptedApi()
    registry = Registry(api, Catalogue({"sleep": sleep}))
    registry.refresh()
    api.is_down = True
    with pytest.raises(ApiUnreachable):
        registry.refresh()
    assert not registry.notice({"nap"})
    assert registry.routes == {"sleep"}


def test_why_a_handler_cannot_be_loaded_is_one_line_and_harms_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    bodies = {
        "leaves": "import sys\nsys.exit(2)",
        "stops": "raise KeyboardInterrupt",
        "wrong": "def",
        "silent": "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
    }
    for name, body in bodies.items():
        (tmp_path / f"bad_{name}.py").write_text(body)
    monkeypatch.syspath_prepend(str(tmp_path))
    entries = [EntryPoint(name, f"bad_{name}:work", "g") for name in bodies]
    entries += [EntryPoint("module", "string", "g"), EntryPoint("malformed", "a b c", "g")]
    entries += [EntryPoint("absent", "no_such_module:work", "g"), EntryPoint("upper", "string:capwords", "g")]
    monkeypatch.setattr(module, "entry_points", lambda group: entries)
    assert set(installed_handlers()) == {"sleep", "upper"}
    lines = {record.args[0]: record.getMessage() for record in caplog.records if isinstance(record.args, tuple)}
    assert lines.keys() == {*bodies, "module", "malformed", "absent"}
    assert all("Traceback" not in line and "\n" not in line for line in lines.values())
    assert f": SystemExit: 2 ({tmp_path / 'bad_leaves.py'}, line 2)" in lines["leaves"]
    assert ": ModuleNotFoundError: No module named 'no_such_module'" in lines["absent"]
    assert ": TypeError: it is no function, but module" in lines["module"]
