"""Liveness and readiness."""

import sqlite3
from contextlib import closing

import pytest

from tests.integration.talking import Fetch
from waybill_api.conditions import DISK_FULL, WRITER_WAITS
from waybill_api.store.store import Store
from waybill_api.store.tables import lanes, searched, tasks
from waybill_api.store.writing import writer


def test_a_serving_api_is_alive_and_ready(fetch: Fetch) -> None:
    for path in ("/healthz", "/readyz"):
        answer = fetch("GET", path)
        assert (answer.status, answer.json()) == (200, {"status": "ok"})


def test_an_api_whose_writer_is_dead_is_alive_but_not_ready(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dead() -> None:
        raise OSError

    monkeypatch.setattr(store, "ready", dead)
    assert fetch("GET", "/healthz").status == 200
    answer = fetch("GET", "/readyz")
    assert (answer.status, answer.code) == (503, "not_ready")


def test_what_is_wrong_is_named_with_its_reasons_and_needs_attention_until_it_has_passed(
    fetch: Fetch, store: Store
) -> None:
    store.conditions.hold(DISK_FULL, "there is no room")
    store.conditions.hold(WRITER_WAITS, "a write does not end")
    answer = fetch("GET", "/readyz")
    assert (answer.status, answer.code) == (503, "not_ready")
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["reasons"] == [
        {"code": "disk_full", "detail": "there is no room"},
        {"code": "writer_waits", "detail": "a write does not end"},
    ]
    assert "there is no room" in answer.json()["detail"]
    assert [one["code"] for one in fetch("GET", "/statistics").json()["attention"]] == ["disk_full", "writer_waits"]
    assert fetch("GET", "/healthz").status == 200
    store.conditions.clear(DISK_FULL)
    store.conditions.clear(WRITER_WAITS)
    assert fetch("GET", "/readyz").status == 200
    assert fetch("GET", "/statistics").json()["attention"] == []


def test_a_locked_database_is_a_503_that_may_be_tried_again(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.3)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = fetch("POST", "/tasks", {"name": "n", "processing_time": 1})
        assert (answer.status, answer.code) == (503, "store_busy")
        assert answer.headers["Retry-After"] == "1"
        ready = fetch("GET", "/readyz")
        assert [reason["code"] for reason in ready.json()["reasons"]] == ["database_locked"]
        assert fetch("GET", "/tasks").status == 200
        other.execute("ROLLBACK")
    fetch.created()
    assert fetch("GET", "/readyz").status == 200


def test_a_damaged_database_takes_nothing_more_and_still_tells_what_needs_attention(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meets_damage(*given: object) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    task_id = fetch.created()
    for module, name in ((tasks, "get"), (tasks, "oldest_new"), (lanes, "routes"), (searched, "behind")):
        monkeypatch.setattr(module, name, meets_damage)
    answer = fetch("GET", f"/tasks/{task_id}")
    assert (answer.status, answer.code) == (503, "store_damaged")
    refused = fetch("POST", "/tasks", {"name": "n", "processing_time": 1})
    assert (refused.status, refused.code) == (503, "store_damaged")
    assert [reason["code"] for reason in fetch("GET", "/readyz").json()["reasons"]] == ["database_damaged"]
    told = fetch("GET", "/statistics").json()
    assert [one["code"] for one in told["attention"]] == ["database_damaged"]
    assert told["counts"]["NEW"] == 1
