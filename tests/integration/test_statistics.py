"""How it goes, over HTTP."""

from typing import Any

import pytest

from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill_api import attention
from waybill_api.store.store import Store


def statistics(fetch: Fetch) -> dict[str, Any]:
    answer = fetch("GET", "/statistics")
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json()
    return told


def codes(fetch: Fetch) -> dict[str, str | None]:
    return {item["code"]: item["subject"] for item in statistics(fetch)["attention"]}


def test_an_empty_service_has_nothing_to_tell(fetch: Fetch) -> None:
    told = statistics(fetch)
    assert told["counts"] == {"NEW": 0, "PROCESSING": 0, "COMPLETED": 0, "ERROR": 0}
    assert (told["oldest_waiting"], told["wait"], told["types"]) == (None, {"p50": None, "p95": None}, [])
    assert len(told["minutes"]) == 60
    assert told["attention"] == []


def test_it_tells_of_all_and_of_each_type(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "parcel", "handler": None}, token=ADMIN)
    waiting, _ = fetch.created(), fetch.created()
    done = fetch.created(type="parcel")
    for status in (2, 3):
        fetch("PATCH", f"/tasks/{done}", {"status": status}, token=REPORTER)
    fetch("POST", f"/tasks/{fetch.created(type='parcel')}/cancel")
    told = statistics(fetch)
    assert told["counts"] == {"NEW": 2, "PROCESSING": 0, "COMPLETED": 1, "ERROR": 1}
    assert told["oldest_waiting"]["task_id"] == waiting
    assert sum(minute["created"] for minute in told["minutes"]) == 4
    assert told["rates"]["created"] > 0
    parcel, sleep = told["types"]
    assert (parcel["type"], parcel["error_rate"], sum(parcel["completed"])) == ("parcel", 0.5, 1)
    assert parcel["run"]["p50"] is not None
    assert (sleep["type"], sleep["error_rate"], sleep["counts"]["NEW"]) == ("sleep", None, 2)


def test_a_route_that_nobody_serves_needs_attention(fetch: Fetch) -> None:
    fetch.created()
    assert codes(fetch) == {"no_worker": "sleep"}
    fetch("POST", "/workers/w-1/heartbeat", {"routes": ["sleep"], "runs": []}, token=REPORTER)
    assert codes(fetch) == {}
    assert statistics(fetch)["workers"] == 1


def test_a_paused_type_waits_on_purpose(fetch: Fetch) -> None:
    fetch.created()
    fetch("POST", "/task-types/sleep/pause", token=ADMIN)
    assert codes(fetch) == {}


def test_a_type_that_fails_needs_attention(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "parcel", "handler": None}, token=ADMIN)
    for _ in range(attention.FAILING_TASKS):
        assert codes(fetch) == {}
        report = {"status": 4, "error": {"code": "failed", "message": "x"}}
        fetch("PATCH", f"/tasks/{fetch.created(type='parcel')}", report, token=REPORTER)
    assert codes(fetch) == {"failing_type": "parcel"}


def test_disk_and_search_need_attention_when_they_fall_behind(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch("POST", f"/tasks/{fetch.created()}/cancel")
    monkeypatch.setattr(attention, "UNSEARCHED", 0)
    monkeypatch.setattr(attention, "DISK_SHARE", 2)
    monkeypatch.setattr(attention, "DISK_BYTES", 1 << 60)
    assert codes(fetch).keys() == {"disk_almost_full", "search_behind"}


def test_many_types_are_told_of_page_by_page(fetch: Fetch) -> None:
    names = [f"type-{number:02}" for number in range(25)]
    for name in names:
        fetch("POST", "/task-types", {"name": name, "handler": None}, token=ADMIN)
        fetch.created(type=name)
    for path, key in (("/statistics?limit=10", "types"), ("/task-types?limit=10", None)):
        told: list[str] = []
        following: str | None = path
        while following is not None:
            answer = fetch("GET", following)
            found = answer.json() if key is None else answer.json()[key]
            assert len(found) <= 10
            told += [one["name"] if key is None else one["type"] for one in found]
            link = answer.headers.get("Link")
            following = None if link is None else link[1 : link.index(">")]
        assert [name for name in told if name != "sleep" and name.startswith("type-")] == names
    assert statistics(fetch)["types"] == fetch("GET", "/statistics?limit=1000").json()["types"]
    assert fetch("GET", "/statistics?limit=0").json()["types"] == []
    for path in ("/statistics?cursor=x", "/statistics?limit=1001", "/task-types?cursor=%00", "/task-types?limit=0"):
        assert fetch("GET", path).status == 422
    assert len(fetch("GET", "/task-types").json()) >= 25


def test_what_fails_needs_attention_whatever_types_are_told_of(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "zebra", "handler": None}, token=ADMIN)
    for _ in range(attention.FAILING_TASKS):
        fetch("PATCH", f"/tasks/{fetch.created(type='zebra')}", {"status": 4}, token=REPORTER)
    told = fetch("GET", "/statistics?limit=0").json()
    assert [item["subject"] for item in told["attention"]] == ["zebra"]
