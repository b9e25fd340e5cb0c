"""Workers: heartbeats, farewells and the list."""

from typing import Any

import pytest

from tests.integration.admin.people import admitted
from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch
from waybill.domain.account import Role
from waybill_api.identity.accounts import Accounts
from waybill_api.store.store import Store

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
    assert beat(fetch, BEAT | {"runs": [run], "new_field": 1}).json() == {"lost": [], "drain": False}
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
        "handlers": ["sleep"],
        "alive": True,
        "drain": False,
        "state": "working",
    }


def test_a_cancelled_run_is_lost(fetch: Fetch) -> None:
    task_id = claimed(fetch)
    fetch("POST", f"/tasks/{task_id}/cancel")
    run = {"task_id": task_id, "run": 1, "claim": CLAIM, "elapsed": 0}
    assert beat(fetch, BEAT | {"runs": [run]}).json() == {
        "lost": [{"task_id": task_id, "run": 1}],
        "drain": False,
    }


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


def test_a_worker_is_told_to_drain_and_to_resume(fetch: Fetch) -> None:
    beat(fetch, BEAT)
    asked = fetch("POST", "/workers/w-1/drain", token=ADMIN)
    assert (asked.status, asked.json()["drain"], asked.json()["state"]) == (200, True, "working")
    assert beat(fetch, BEAT).json()["drain"] is True
    assert [one["state"] for one in fetch("GET", "/workers").json()] == ["working"], "it may not know what drain means"
    run = {"task_id": claimed(fetch), "run": 1, "claim": CLAIM, "elapsed": 1.5}
    beat(fetch, BEAT | {"draining": True, "runs": [run]})
    assert [one["state"] for one in fetch("GET", "/workers").json()] == ["draining"]
    beat(fetch, BEAT | {"draining": True})
    assert [one["state"] for one in fetch("GET", "/workers").json()] == ["drained"]
    assert fetch("POST", "/workers/w-1/drain", token=ADMIN).status == 200, "asked twice, it drains all the same"
    resumed = fetch("POST", "/workers/w-1/resume", token=ADMIN)
    assert (resumed.json()["drain"], resumed.json()["state"]) == (False, "drained"), "it has not said so yet"
    assert beat(fetch, BEAT).json()["drain"] is False
    deeds = [(one["who"], one["action"], one["target"]) for one in fetch("GET", "/audit", token=ADMIN).json()]
    assert deeds == [
        ("(admin.token)", "resume_worker", "/workers/w-1/resume"),
        ("(admin.token)", "drain_worker", "/workers/w-1/drain"),
        ("(admin.token)", "drain_worker", "/workers/w-1/drain"),
    ]


@pytest.mark.parametrize("action", ["drain", "resume"])
def test_who_is_unknown_or_gone_is_not_drained(fetch: Fetch, action: str) -> None:
    beat(fetch, BEAT)
    fetch("POST", "/workers/w-1/gone", {"crashed": False}, token=REPORTER)
    gone, unknown = (fetch("POST", f"/workers/{name}/{action}", token=ADMIN) for name in ("w-1", "w-2"))
    assert (gone.status, gone.code) == (409, "worker_gone")
    assert (unknown.status, unknown.code) == (404, "worker_not_found")


@pytest.mark.parametrize("action", ["drain", "resume"])
def test_workers_are_drained_by_operators(fetch: Fetch, store: Store, accounts: Accounts, action: str) -> None:
    beat(fetch, BEAT)
    path = f"/workers/w-1/{action}"
    assert fetch("POST", path).status == 401
    assert fetch("POST", path, token=REPORTER).status == 403
    assert admitted(fetch, store, accounts, Role.VIEWER)("POST", path).status == 403
    assert admitted(fetch, store, accounts, Role.OPERATOR)("POST", path).status == 200


def test_where_every_worker_of_a_route_drains_that_is_what_needs_attention(fetch: Fetch) -> None:
    fetch.created()
    for worker_id, draining in (("w-1", True), ("w-2", False)):
        beat(fetch, BEAT | {"draining": draining}, worker_id)
    assert fetch("GET", "/statistics").json()["attention"] == []
    beat(fetch, BEAT | {"draining": True}, "w-2")
    (needed,) = fetch("GET", "/statistics").json()["attention"]
    assert (needed["code"], needed["subject"]) == ("workers_drained", "sleep")
