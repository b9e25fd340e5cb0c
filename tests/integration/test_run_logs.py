"""What runs have logged or printed is kept with their task: the claim decides who may say it."""

from typing import Any

import pytest

from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch
from waybill.domain.texts.tail import LOG_CAP
from waybill_api.store.tables.output.run_logs import KEPT


@pytest.fixture(autouse=True)
def flaky(fetch: Fetch) -> None:
    """A type whose tasks may fail often."""
    fields = {"name": "flaky", "handler": "flaky", "processing_time": 1, "max_attempts": 50, "min_backoff": 0}
    assert fetch("POST", "/task-types", fields | {"max_backoff": 0}, token=ADMIN).status == 201
    stages = {"name": "clean", "stages": ["fetch", "parse"]}
    assert fetch("POST", "/task-types", stages, token=ADMIN).status == 201


def claim_of(run: int) -> str:
    return f"{run:032x}"


def report(fetch: Fetch, task_id: str, run: int, **said: Any) -> None:
    held = {"task_id": task_id, "run": run, "claim": claim_of(run), "source": "w-1"}
    (outcome,) = fetch("POST", "/reports", {"reports": [held | said]}, token=REPORTER).json()["outcomes"]
    assert outcome["outcome"] == "applied"


def put(fetch: Fetch, task_id: str, run: int, text: str, *, claim: str | None = None, **more: Any) -> Answer:
    body = {"claim": claim or claim_of(run), "text": text, **more}
    return fetch("PUT", f"/tasks/{task_id}/runs/{run}/log", body, token=REPORTER)


def logs(fetch: Fetch, task_id: str) -> list[tuple[int, int, str, bool]]:
    listed = fetch("GET", f"/tasks/{task_id}/logs").json()
    return [(one["run"], one["attempt"], one["text"], one["cut"]) for one in listed]


def test_a_log_is_that_of_its_run_and_the_last_one_said(fetch: Fetch) -> None:
    task_id = fetch.created(type="flaky")
    assert logs(fetch, task_id) == []
    report(fetch, task_id, 1, status=2)
    assert put(fetch, task_id, 1, "one\n").status == 204
    assert put(fetch, task_id, 1, "one\ntwo\n", cut=True).status == 204
    report(fetch, task_id, 1, status=3)
    assert logs(fetch, task_id) == [(1, 1, "one\ntwo\n", True)]
    assert put(fetch, task_id, 1, "one\ntwo\nlast words\n").status == 204, "its run is over"
    assert logs(fetch, task_id) == [(1, 1, "one\ntwo\nlast words\n", False)]
    (listed,) = fetch("GET", f"/tasks/{task_id}/logs").json()
    assert listed["written_at"] >= fetch("GET", f"/tasks/{task_id}").json()["finished_at"]


def test_the_claim_of_a_run_that_another_has_followed_still_decides(fetch: Fetch) -> None:
    task_id = fetch.created(type="flaky")
    for run in (1, 2):
        report(fetch, task_id, run, status=2)
        report(fetch, task_id, run, status=4, error={"code": "failed", "message": "no"})
    report(fetch, task_id, 3, status=2)
    assert [put(fetch, task_id, run, f"of {run}").status for run in (1, 2, 3)] == [204] * 3
    assert logs(fetch, task_id) == [(1, 1, "of 1", False), (2, 2, "of 2", False), (3, 3, "of 3", False)]
    piped = fetch.created(type="clean")
    for run in (1, 2):
        report(fetch, piped, run, status=2)
        report(fetch, piped, run, status=3)
    assert [put(fetch, piped, run, f"of {run}").status for run in (1, 2)] == [204, 204]
    assert logs(fetch, piped) == [(1, 1, "of 1", False), (2, 1, "of 2", False)]


def test_another_claim_is_refused(fetch: Fetch) -> None:
    task_id = fetch.created(type="flaky")
    assert put(fetch, task_id, 1, "x").code == "not_applied", "no claim holds the run"
    report(fetch, task_id, 1, status=2)
    for run, claim in ((1, claim_of(9)), (2, claim_of(1)), (2, claim_of(2))):
        answer = put(fetch, task_id, run, "x", claim=claim)
        assert (answer.status, answer.code) == (409, "not_applied")
    missing = "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"
    assert put(fetch, missing, 1, "x").code == "task_not_found"
    assert put(fetch, "nonsense", 1, "x").code == "task_not_found"
    for number in ("0", "-1", "1.5", "x", str(2**31)):
        answer = fetch("PUT", f"/tasks/{task_id}/runs/{number}/log", {"claim": claim_of(1), "text": ""}, token=REPORTER)
        assert (answer.status, answer.code) == (404, "run_not_found")
    for path in (f"/tasks/{missing}/logs", "/tasks/nonsense/logs"):
        assert fetch("GET", path).code == "task_not_found"
    assert logs(fetch, task_id) == []


def test_only_workers_write_logs(fetch: Fetch) -> None:
    task_id = fetch.created(type="flaky")
    body = {"claim": claim_of(1), "text": ""}
    assert fetch("PUT", f"/tasks/{task_id}/runs/1/log", body).status == 401
    assert fetch("POST", "/run-logs", {"logs": [body | {"task_id": task_id, "run": 1}]}).status == 401


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/claim"),
        ({"claim": "x", "text": ""}, "/claim"),
        ({"claim": "0" * 32, "text": None}, "/text"),
        ({"claim": "0" * 32, "text": "x" * (LOG_CAP + 1)}, "/text"),
        ({"claim": "0" * 32, "text": "\u2603" * (LOG_CAP // 3 + 1)}, "/text"),
        ({"claim": "0" * 32, "text": "", "cut": 1}, "/cut"),
        ({"claim": "0" * 32, "text": "", "more": 1}, "/more"),
    ],
)
def test_what_is_no_log_is_told_so(fetch: Fetch, body: Any, pointer: str) -> None:
    task_id = fetch.created(type="flaky")
    answer = fetch("PUT", f"/tasks/{task_id}/runs/1/log", body, token=REPORTER)
    assert answer.status == 422
    assert pointer in answer.pointers
    answer = fetch("POST", "/run-logs", {"logs": [body | {"task_id": task_id, "run": 1}]}, token=REPORTER)
    assert answer.status == 422
    assert f"/logs/0{pointer}" in answer.pointers


def test_the_largest_log_is_taken_whatever_it_holds(fetch: Fetch) -> None:
    task_id = fetch.created(type="flaky")
    report(fetch, task_id, 1, status=2)
    for text in ("x" * LOG_CAP, '"' * LOG_CAP, "\n" * LOG_CAP, "\u2603" * (LOG_CAP // 3)):
        assert put(fetch, task_id, 1, text).status == 204
        assert logs(fetch, task_id) == [(1, 1, text, False)]
    assert put(fetch, task_id, 1, "\x1b" * LOG_CAP).status == 204
    assert put(fetch, task_id, 1, "x" * 8 * LOG_CAP).status == 413


def test_a_log_is_text_that_no_terminal_obeys(fetch: Fetch) -> None:
    task_id = fetch.created(type="flaky")
    report(fetch, task_id, 1, status=2)
    put(fetch, task_id, 1, "\r 10%\r \x1b[32m20%\x1b[0m\n\x1b]0;mine\x07<b>\tdone\n")
    assert logs(fetch, task_id) == [(1, 1, " 20%\n<b>\tdone\n", False)]


def test_the_last_runs_are_kept(fetch: Fetch) -> None:
    task_id = fetch.created(type="flaky")
    for run in range(1, KEPT + 4):
        report(fetch, task_id, run, status=2)
        assert put(fetch, task_id, run, f"of {run}").status == 204
        report(fetch, task_id, run, status=4)
    assert put(fetch, task_id, 1, "again").status == 204, "it is not kept, and that is no error"
    assert [run for run, *_ in logs(fetch, task_id)] == list(range(4, KEPT + 4))


def test_many_logs_come_together_and_a_wrong_one_spoils_no_other(fetch: Fetch) -> None:
    tasks = [fetch.created(type="flaky") for _ in range(3)]
    for task_id in tasks[:2]:
        report(fetch, task_id, 1, status=2)
    said = [{"task_id": task_id, "run": 1, "claim": claim_of(1), "text": task_id, "cut": True} for task_id in tasks]
    said.append(said[0] | {"task_id": "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"})
    answer = fetch("POST", "/run-logs", {"logs": said}, token=REPORTER)
    assert (answer.status, answer.json()) == (200, {"kept": 2})
    assert [logs(fetch, task_id) for task_id in tasks] == [
        [(1, 1, tasks[0], True)],
        [(1, 1, tasks[1], True)],
        [],
    ]


@pytest.mark.parametrize("at_once", [False, True])
def test_logs_go_with_their_task(fetch: Fetch, store: Any, at_once: bool) -> None:
    task_id = fetch.created(type="flaky")
    report(fetch, task_id, 1, status=2)
    put(fetch, task_id, 1, "x")
    report(fetch, task_id, 1, status=3)
    if at_once:
        wish = {"action": "delete", "task_ids": [task_id]}
        assert fetch("POST", "/tasks/bulk", wish, token=ADMIN).status == 200
    else:
        assert fetch("DELETE", f"/tasks/{task_id}", token=ADMIN).status == 204
    assert put(fetch, task_id, 1, "late").code == "task_not_found"
    assert store.look_up(lambda connection: connection.execute("SELECT count(*) FROM run_logs").fetchone()) == (0,)
