"""Task types: list, create, change, delete, pause, resume."""

from typing import Any

import pytest

from tests.integration.talking import ADMIN, Fetch

RESIZE = {"name": "resize", "title": "Resize", "handler": "resize_image", "processing_time": 3, "max_attempts": 3}


def test_a_type_is_created_shown_listed_and_deleted(fetch: Fetch) -> None:
    answer = fetch("POST", "/task-types", RESIZE, token=ADMIN)
    assert (answer.status, answer.headers["Location"]) == (201, "/task-types/resize")
    assert answer.json() | RESIZE == answer.json()
    assert fetch("GET", "/task-types/resize").json() == answer.json()
    assert [one["name"] for one in fetch("GET", "/task-types").json()] == ["resize", "sleep"]
    assert fetch("POST", "/task-types", RESIZE, token=ADMIN).code == "task_type_exists"
    assert fetch("DELETE", "/task-types/resize", token=ADMIN).status == 204
    assert fetch("GET", "/task-types/resize").code == "task_type_not_found"


def test_a_type_is_changed_only_where_it_is_said(fetch: Fetch) -> None:
    before = fetch("POST", "/task-types", RESIZE, token=ADMIN).json()
    answer = fetch("PATCH", "/task-types/resize", {"processing_time": None, "priority": 7}, token=ADMIN)
    edited = sorted([*before["edited"], "priority"])
    assert answer.json() == before | {"processing_time": None, "priority": 7, "edited": edited}


def test_pause_and_resume(fetch: Fetch) -> None:
    assert fetch("POST", "/task-types/sleep/pause", token=ADMIN).json()["paused"] is True
    assert fetch("POST", "/task-types/sleep/pause", {}, token=ADMIN).json()["paused"] is True
    assert fetch("POST", "/task-types/sleep/resume", token=ADMIN).json()["paused"] is False


def test_a_type_in_use_is_kept(fetch: Fetch) -> None:
    fetch.created()
    answer = fetch("DELETE", "/task-types/sleep", token=ADMIN)
    assert (answer.status, answer.code) == (409, "task_type_in_use")


def test_a_type_has_a_handler_or_stages(fetch: Fetch) -> None:
    stages = ["fetch", "parse:2", "A_b.c-d"]
    created = fetch("POST", "/task-types", {"name": "clean", "stages": stages, "handler": None}, token=ADMIN).json()
    assert (created["handler"], created["stages"]) == (None, stages)
    assert fetch("GET", "/task-types/clean").json() == created
    answer = fetch("PATCH", "/task-types/clean", {"handler": "sleep"}, token=ADMIN)
    assert (answer.status, answer.pointers) == (422, {"/handler"})
    answer = fetch("PATCH", "/task-types/sleep", {"stages": ["a"]}, token=ADMIN)
    assert (answer.status, answer.pointers) == (422, {"/stages"})
    changed = fetch("PATCH", "/task-types/clean", {"handler": "sleep", "stages": None}, token=ADMIN).json()
    assert (changed["handler"], changed["stages"]) == ("sleep", None)
    changed = fetch("PATCH", "/task-types/clean", {"handler": None, "stages": ["a"]}, token=ADMIN).json()
    assert (changed["handler"], changed["stages"]) == (None, ["a"])


@pytest.mark.parametrize("name", ["nope", "No", "a b", "%00"])
def test_an_unknown_type_is_404(fetch: Fetch, name: str) -> None:
    path = f"/task-types/{name.replace(' ', '%20')}"
    for method, tail, body in (("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("POST", "/pause", None)):
        sent: dict[str, Any] = {} if body is None else {"json": body}
        assert fetch(method, path + tail, token=ADMIN, **sent).code == "task_type_not_found"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/name"}),
        (RESIZE | {"name": "Resize"}, {"/name"}),
        (RESIZE | {"name": "resize\n"}, {"/name"}),
        (RESIZE | {"max_attempts": 0, "timeout": 0, "typo": 1}, {"/max_attempts", "/timeout", "/typo"}),
        (RESIZE | {"paused": 1, "min_backoff": -1}, {"/paused", "/min_backoff"}),
        (RESIZE | {"min_backoff": 10, "max_backoff": 5}, {""}),
        (RESIZE | {"stages": ["a"]}, {"/stages"}),
        ({"name": "x", "stages": []}, {"/stages"}),
        ({"name": "x", "stages": "ab"}, {"/stages"}),
        ({"name": "x", "stages": ["a", "b", "a"]}, {"/stages"}),
        ({"name": "x", "stages": [f"s{n}" for n in range(33)]}, {"/stages"}),
        ({"name": "x", "stages": ["a", "a/b", "", "a,b", 1]}, {f"/stages/{n}" for n in (1, 2, 3, 4)}),
        (RESIZE | {"created_at": "2026-01-01T00:00:00Z"}, {"/created_at"}),
    ],
)
def test_a_malformed_type_is_422(fetch: Fetch, body: Any, pointers: set[str]) -> None:
    answer = fetch("POST", "/task-types", body, token=ADMIN)
    assert (answer.status, answer.pointers) == (422, pointers)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"min_backoff": 301}, "/min_backoff"), ({"max_backoff": 0.5}, "/max_backoff")],
)
def test_a_change_may_not_put_the_backoffs_out_of_order(fetch: Fetch, change: dict[str, float], pointer: str) -> None:
    before = fetch("POST", "/task-types", RESIZE, token=ADMIN).json()
    answer = fetch("PATCH", "/task-types/resize", change, token=ADMIN)
    assert (answer.status, answer.pointers) == (422, {pointer})
    assert fetch("GET", "/task-types/resize").json() == before
