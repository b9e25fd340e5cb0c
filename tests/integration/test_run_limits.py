"""How long a run may take: the time-out of its task or type, and only for `sleep` the processing time."""

from typing import Any

import pytest

from tests.integration.talking import ADMIN, REPORTER, Fetch

CLAIM = "0" * 32


@pytest.fixture(autouse=True)
def work(fetch: Fetch) -> None:
    """A type whose handler is not `sleep`."""
    assert fetch("POST", "/task-types", {"name": "work", "handler": "work", "timeout": 500}, token=ADMIN).status == 201


def report(fetch: Fetch, task_id: str, run: int = 1, **said: Any) -> dict[str, Any]:
    one = {"task_id": task_id, "run": run, "claim": CLAIM, "source": "w", **said}
    (outcome,) = fetch("POST", "/reports", {"reports": [one]}, token=REPORTER).json()["outcomes"]
    assert outcome["outcome"] == "applied"
    return dict(outcome)


def shown(fetch: Fetch, task_id: str) -> dict[str, Any]:
    return dict(fetch("GET", f"/tasks/{task_id}").json())


def test_only_sleep_needs_a_processing_time_and_others_keep_theirs(fetch: Fetch) -> None:
    for body in ({"name": "x"}, {"name": "x", "type": "sleep"}):
        answer = fetch("POST", "/tasks", body)
        assert (answer.status, answer.pointers) == (422, {"/processing_time"})
    fetch("POST", "/task-types", {"name": "steps", "stages": ["sleep", "work"]}, token=ADMIN)
    for body in ({"type": "work"}, {"type": "steps"}):
        made = fetch("POST", "/tasks", {"name": "x", **body})
        assert shown(fetch, made.json()["task_id"])["processing_time"] is None
    assert shown(fetch, fetch.created(type="work", processing_time=7))["processing_time"] == 7


@pytest.mark.parametrize(
    ("fields", "elapsed", "is_over"),
    [
        ({"type": "sleep", "processing_time": 5}, 64, False),
        ({"type": "sleep", "processing_time": 5}, 90, True),
        ({"type": "sleep", "processing_time": 5, "timeout": 200}, 190, False),
        ({"type": "free", "processing_time": 5}, 3_590, False),
        ({"type": "free", "processing_time": 5}, 3_700, True),
        ({"type": "work", "processing_time": 5}, 490, False),
        ({"type": "work", "processing_time": 5}, 600, True),
        ({"type": "work", "timeout": 2}, 30, True),
        ({"type": "work", "timeout": 9_000}, 8_990, False),
    ],
)
def test_a_run_may_take_as_long_as_its_limit(
    fetch: Fetch, fields: dict[str, Any], elapsed: float, *, is_over: bool
) -> None:
    fetch("POST", "/task-types", {"name": "free", "handler": "work"}, token=ADMIN)
    task_id = fetch("POST", "/tasks", {"name": "x", **fields}).json()["task_id"]
    report(fetch, task_id, status=2)
    run = {"task_id": task_id, "run": 1, "claim": CLAIM, "elapsed": elapsed}
    answer = fetch("POST", "/workers/w/heartbeat", {"runs": [run]}, token=REPORTER).json()
    assert bool(answer["lost"]) is is_over
    error = shown(fetch, task_id)["error"]
    assert (error is not None and error["code"] == "timeout") is is_over


def test_the_timeout_of_a_task_survives_its_retries_and_that_of_its_type_is_taken_anew(fetch: Fetch) -> None:
    own = fetch("POST", "/tasks", {"name": "x", "type": "work", "timeout": 20}).json()["task_id"]
    batch = [{"name": "y", "type": "work", "timeout": 30}, {"name": "z", "type": "work"}]
    of_batch, of_type = fetch("POST", "/tasks/batch", {"tasks": batch}).json()["task_ids"]
    fetch("PATCH", "/task-types/work", {"timeout": 9}, token=ADMIN)
    for task_id, before, after in ((own, 20, 20), (of_batch, 30, 30), (of_type, 500, 9)):
        assert shown(fetch, task_id)["timeout"] == before
        report(fetch, task_id, status=2)
        report(fetch, task_id, status=4, error={"message": "no"})
        assert fetch("POST", f"/tasks/{task_id}/retry").json()["timeout"] == after
        assert report(fetch, task_id, 2, status=2)["task"]["timeout"] == after


@pytest.mark.parametrize("timeout", [0, -1, 604_801, "5", 1.5, True, []])
def test_a_timeout_that_is_none_is_422(fetch: Fetch, timeout: Any) -> None:
    wish = {"name": "x", "type": "work", "timeout": timeout}
    assert fetch("POST", "/tasks", wish).pointers == {"/timeout"}
    assert fetch("POST", "/tasks/batch", {"tasks": [wish]}).pointers == {"/tasks/0/timeout"}
