"""Workers: heartbeats, farewells and the list."""

from typing import Any

import pytest

from tests.integration.talking import REPORTER, Answer, Fetch

CLAIM = "0123456789abcdef" * 2
BEAT = {"runs": [], "routes": ["sleep"], "slots": 4, "host": "h", "pid": 7, "version": "1"}


def beat(fetch: Fetch, body: Any, worker_id: str = "w-1") -> Answer:
    return fetch("POST", f"/workers/{worker_id}/heartbeat", body, token=REPORTER)


def claimed(fetch: Fetch) -> str:
    task_id = fetch.created()
    report = {"run": 1, "claim": CLAIM, "source": "w-1", "status": 2}
    assert fetch("PATCH", f"/tasks/{task_id}", report, token=REPORTER).status == 200
    return task_id


def test_a_beating_worker_is_listed(fetch: Fetch) -> None:
    run = {"task_id": claimed(fetch), "run": 1, "claim": CLAIM, "elapsed": 1.5}
    assert beat(fetch, BEAT | {"runs": [run], "new_field": 1}).json() == {"lost": []}
    (worker,) = fetch("GET", "/workers").json()
    assert worker.pop("last_seen_seconds") >= 0
    assert worker == {
        "worker_id": "w-1",
        "host": "h",
        "pid": 7,
        "version": "1",
        "slots": 4,
        "running": 1,
        "routes": ["sleep"],
        "alive": True,
    }


def test_a_cancelled_run_is_lost(fetch: Fetch) -> None:
    task_id = claimed(fetch)
    fetch("POST", f"/tasks/{task_id}/cancel")
    run = {"task_id": task_id, "run": 1, "claim": CLAIM, "elapsed": 0}
    assert beat(fetch, BEAT | {"runs": [run]}).json() == {"lost": [{"task_id": task_id, "run": 1}]}


def test_a_worker_that_is_gone_leaves_its_runs_and_may_not_beat(fetch: Fetch) -> None:
    task_id = claimed(fetch)
    assert fetch("POST", "/workers/w-1/gone", {"crashed": True}, token=REPORTER).json() == {"released": 1}
    task = fetch("GET", f"/tasks/{task_id}").json()
    assert (task["status"], task["run"], task["crashes"]) == (2, 2, 1)
    answer = beat(fetch, BEAT)
    assert (answer.status, answer.code) == (409, "worker_gone")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (BEAT | {"runs": [{"task_id": "x"}]}, {f"/runs/0/{name}" for name in ("task_id", "run", "claim", "elapsed")}),
        (BEAT | {"slots": True, "pid": -1, "routes": ["No"]}, {"/slots", "/pid", "/routes/0"}),
    ],
)
def test_a_malformed_beat_is_422(fetch: Fetch, body: Any, pointers: set[str]) -> None:
    assert beat(fetch, body).pointers == pointers


def test_a_malformed_worker_id_is_422(fetch: Fetch) -> None:
    answer = beat(fetch, BEAT, worker_id="a%0Ab")
    assert (answer.status, answer.pointers) == (422, {"worker_id"})
    assert fetch("POST", "/workers/w-1/gone", {"crashed": 1}, token=REPORTER).pointers == {"/crashed"}
