"""Pipelines over HTTP: from claim to claim, and what their stages have left."""

from typing import Any

import pytest

from tests.integration.talking import ADMIN, REPORTER, Fetch


@pytest.fixture
def task_id(fetch: Fetch) -> str:
    """A task of three stages, the second of which may fail once."""
    stages = {"name": "clean", "stages": ["fetch", "parse", "store"], "max_attempts": 2, "min_backoff": 0}
    assert fetch("POST", "/task-types", stages, token=ADMIN).status == 201
    answer = fetch("POST", "/tasks", {"name": "Page 7", "type": "clean", "input": {"page": 7}})
    assert answer.status == 201
    return str(answer.json()["task_id"])


def report(fetch: Fetch, task_id: str, run: int, **said: Any) -> dict[str, Any]:
    held = {"task_id": task_id, "run": run, "claim": f"{run:032x}", "source": "w-1"}
    answer = fetch("POST", "/reports", {"reports": [held | said]}, token=REPORTER)
    (outcome,) = answer.json()["outcomes"]
    return dict(outcome)


def claim(fetch: Fetch, task_id: str, run: int) -> Any:
    granted = report(fetch, task_id, run, status=2)
    assert granted["outcome"] == "applied"
    return granted["task"]


def stages(fetch: Fetch, task_id: str) -> list[tuple[Any, ...]]:
    listed = fetch("GET", f"/tasks/{task_id}/stages").json()
    for one in listed:
        assert (one["finished_at"] is None) == (one["state"] in ("NEW", "PROCESSING"))
        assert (one["started_at"] is None) == (one["state"] == "NEW")
    return [(one["stage"], one["state"], one["attempt"], one["result"]) for one in listed]


def test_a_pipeline_is_followed_from_stage_to_stage(fetch: Fetch, task_id: str) -> None:
    waiting = fetch("GET", f"/tasks/{task_id}").json()
    assert (waiting["stages"], waiting["stage"], waiting["handler"]) == (["fetch", "parse", "store"], "fetch", "fetch")
    assert stages(fetch, task_id) == [
        ("fetch", "NEW", 1, None),
        ("parse", "NEW", None, None),
        ("store", "NEW", None, None),
    ]
    assert claim(fetch, task_id, 1)["input"] == {"page": 7}
    assert stages(fetch, task_id)[0] == ("fetch", "PROCESSING", 1, None)
    assert report(fetch, task_id, 1, status=3, result={"html": "…"})["outcome"] == "applied"
    after = fetch("GET", f"/tasks/{task_id}").json()
    assert (after["status"], after["stage"], after["run"], after["result"]) == (2, "parse", 2, None)
    granted = claim(fetch, task_id, 2)
    assert (granted["handler"], granted["input"]) == ("parse", {"html": "…"})
    assert fetch("GET", f"/tasks/{task_id}").json()["input"] == {"page": 7}
    report(fetch, task_id, 2, status=4, error={"code": "failed", "message": "no"})
    assert stages(fetch, task_id)[:2] == [("fetch", "COMPLETED", 1, {"html": "…"}), ("parse", "NEW", 2, None)]
    assert claim(fetch, task_id, 3)["input"] == {"html": "…"}
    report(fetch, task_id, 3, status=3, result=[1, 2])
    assert claim(fetch, task_id, 4)["input"] == [1, 2]
    report(fetch, task_id, 4, status=3, result="kept")
    ended = fetch("GET", f"/tasks/{task_id}").json()
    assert (ended["status"], ended["result"], ended["attempt"]) == (3, "kept", 2)
    assert stages(fetch, task_id) == [
        ("fetch", "COMPLETED", 1, {"html": "…"}),
        ("parse", "COMPLETED", 2, [1, 2]),
        ("store", "COMPLETED", 2, "kept"),
    ]


def test_the_history_shows_each_advance(fetch: Fetch, task_id: str) -> None:
    claim(fetch, task_id, 1)
    report(fetch, task_id, 1, status=3, result=1)
    assert report(fetch, task_id, 1, status=3, result=1)["outcome"] == "stale"
    events = fetch("GET", f"/tasks/{task_id}/events").json()
    assert [(event["kind"], event["outcome"], event["run"], event["task_status"]) for event in events] == [
        ("create", "applied", 1, 1),
        ("claim", "applied", 1, 2),
        ("report", "applied", 1, 2),
        ("advance", "applied", 2, 2),
        ("report", "stale", 1, 2),
    ]
    assert (events[3]["source"], events[3]["stage"]) == ("api", "parse")


def test_a_failed_pipeline_goes_on_where_it_failed_and_a_completed_one_starts_over(fetch: Fetch, task_id: str) -> None:
    claim(fetch, task_id, 1)
    report(fetch, task_id, 1, status=3, result=1)
    claim(fetch, task_id, 2)
    report(fetch, task_id, 2, status=4, error={"code": "no_handler", "message": "none"})
    listed = fetch("GET", f"/tasks/{task_id}/stages").json()
    assert (listed[1]["state"], listed[1]["error"]["code"]) == ("ERROR", "no_handler")
    assert fetch("POST", f"/tasks/{task_id}/retry").json()["stage"] == "parse"
    for run in (3, 4):
        claim(fetch, task_id, run)
        report(fetch, task_id, run, status=3, result=run)
    assert fetch("POST", f"/tasks/{task_id}/retry").json()["stage"] == "fetch"
    assert {state for _, state, _, _ in stages(fetch, task_id)} == {"NEW"}


def test_a_simple_task_has_no_stages(fetch: Fetch) -> None:
    task_id = fetch.created()
    assert fetch("GET", f"/tasks/{task_id}").json()["stages"] is None
    assert fetch("GET", f"/tasks/{task_id}/stages").json() == []


def test_tasks_are_found_by_their_stage(fetch: Fetch, task_id: str) -> None:
    assert [one["task_id"] for one in fetch("GET", "/tasks?stage=fetch").json()] == [task_id]
    assert fetch("GET", "/tasks?stage=parse").json() == []


def test_a_worker_lists_the_routes_of_stages(fetch: Fetch) -> None:
    beat = {"routes": ["sleep", "clean/fetch", "clean/parse:2"]}
    assert fetch("POST", "/workers/w-1/heartbeat", beat, token=REPORTER).status == 200
    assert fetch("GET", "/workers").json()[0]["routes"] == beat["routes"]
    # After the slash stands any handler's name, of which more is allowed than of a stage's.
    for wrong in ("clean/", "/fetch", "clean/a\nb", f"clean/{'a' * 129}", "Clean/fetch"):
        assert fetch("POST", "/workers/w-1/heartbeat", {"routes": [wrong]}, token=REPORTER).pointers == {"/routes/0"}
