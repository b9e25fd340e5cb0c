"""Report on tasks, one by one and many at once."""

from typing import Any

import pytest

from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch

CLAIM = {"run": 1, "claim": "0123456789abcdef" * 2, "source": "w-1"}
UNKNOWN_ID = "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"


@pytest.fixture
def tracked(fetch: Fetch) -> str:
    """The id of a task on which outside services report."""
    fetch("POST", "/task-types", {"name": "order"}, token=ADMIN)
    answer = fetch("POST", "/tasks", {"name": "Order 1", "type": "order"})
    return str(answer.json()["task_id"])


def report(fetch: Fetch, *reports: Any) -> list[dict[str, Any]]:
    answer = fetch("POST", "/reports", {"reports": list(reports)}, token=REPORTER)
    assert answer.status == 200, answer.body
    outcomes: list[dict[str, Any]] = answer.json()["outcomes"]
    return outcomes


def patch(fetch: Fetch, task_id: str, body: Any) -> Answer:
    return fetch("PATCH", f"/tasks/{task_id}", body, token=REPORTER)


def test_the_plainest_report_answers_with_the_task(fetch: Fetch, tracked: str) -> None:
    answer = patch(fetch, tracked, {"status": 2})
    assert (answer.status, answer.json()["status"], answer.json()["task_id"]) == (200, 2, tracked)
    assert patch(fetch, tracked, {"status": 2}).status == 200


def test_a_stale_and_a_refused_report_are_409_with_the_task(fetch: Fetch, tracked: str) -> None:
    patch(fetch, tracked, {"status": 3, "result": {"n": 1}})
    for body, outcome in (({"status": 2}, "stale"), ({"status": 4}, "refused"), ({"attempt": 2}, "refused")):
        answer = patch(fetch, tracked, body)
        assert (answer.status, answer.code, answer.json()["outcome"]) == (409, "not_applied", outcome)
        assert (answer.json()["task"]["status"], answer.json()["task"]["result"]) == (3, {"n": 1})


def test_a_status_without_a_claim_is_refused_where_a_worker_runs_the_task(fetch: Fetch) -> None:
    task_id = fetch.created()
    answer = patch(fetch, task_id, {"status": 2})
    assert (answer.status, answer.json()["outcome"]) == (409, "refused")
    assert patch(fetch, task_id, CLAIM | {"status": 2}).json()["status"] == 2


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"status": True}, {"/status"}),
        ({"status": 1.0}, {"/status"}),
        ({"status": 5}, {"/status"}),
        ({"status": "COMPLETED"}, {"/status"}),
        ({"progress": 1.1, "seq": -1, "attempt": 0}, {"/progress", "/seq", "/attempt"}),
        ({"progress": True}, {"/progress"}),
        ({"seq": 2**53 + 1}, {"/seq"}),
        ({"claim": "xyz"}, {"/claim"}),
        ({"error": {"code": "whatever"}}, {"/error/code"}),
        ({"error": "text"}, {"/error"}),
        ({"source": "", "stage": "x" * 129}, {"/source", "/stage"}),
        ({"metadata": {"": 1}}, {"/metadata/"}),
        ({"task_id": UNKNOWN_ID}, {"/task_id"}),
        ([], {""}),
    ],
)
def test_a_malformed_report_is_422_and_names_every_bad_field(
    fetch: Fetch, tracked: str, body: Any, pointers: set[str]
) -> None:
    answer = patch(fetch, tracked, body)
    assert (answer.status, answer.code, answer.pointers) == (422, "invalid", pointers)


def test_the_history_names_the_attempt_that_a_report_is_on(fetch: Fetch, tracked: str) -> None:
    fetch("POST", f"/tasks/{tracked}/cancel")
    fetch("POST", f"/tasks/{tracked}/retry")
    for said in ({"seq": 5, "stage": "a"}, {"attempt": 1, "stage": "b"}, {"stage": "c"}, {"attempt": 2, "stage": "d"}):
        report(fetch, {"task_id": tracked, **said})
    events = fetch("GET", f"/tasks/{tracked}/events").json()[3:]
    assert [(event["stage"], event["attempt"], event["outcome"]) for event in events] == [
        ("a", 1, "stale"),
        ("b", 1, "stale"),
        ("c", 2, "applied"),
        ("d", 2, "applied"),
    ]


def test_only_what_asks_for_a_run_is_a_claim_in_the_history(fetch: Fetch) -> None:
    task_id = fetch.created()
    held = CLAIM | {"task_id": task_id}
    for said in (held | {"status": 2}, held | {"claim": "f" * 32, "status": 2}):
        report(fetch, said)
    fetch("POST", f"/workers/{CLAIM['source']}/gone", {"crashed": True}, token=REPORTER)
    report(fetch, held | {"status": 3, "result": "late"})
    events = fetch("GET", f"/tasks/{task_id}/events").json()
    assert [(event["kind"], event["outcome"]) for event in events] == [
        ("create", "applied"),
        ("claim", "applied"),
        ("report", "refused"),
        ("release", "applied"),
        ("report", "refused"),
    ]


def test_the_task_may_be_named_again(fetch: Fetch, tracked: str) -> None:
    assert patch(fetch, tracked, {"task_id": tracked, "progress": 1}).json()["progress"] == 1


def test_each_report_of_many_gets_its_own_outcome_in_order(fetch: Fetch, tracked: str) -> None:
    said = {"task_id": tracked, "seq": 3, "source": "enricher", "stage": "enrich", "metadata": {"lang": "ru"}}
    outcomes = report(
        fetch,
        said,
        said,
        said | {"seq": 2, "stage": "fetch", "metadata": None},
        said | {"attempt": 2},
        said | {"task_id": UNKNOWN_ID},
        said | {"task_id": "nonsense"},
        said | {"status": True},
        {"status": 2},
        5,
        None,
    )
    assert [one["outcome"] for one in outcomes] == ["applied", "duplicate", "stale", "refused", "unknown"] + [
        "invalid"
    ] * 5
    assert [one["task_id"] for one in outcomes] == [tracked] * 4 + [UNKNOWN_ID, "nonsense", tracked, None, None, None]
    assert ["task" in one for one in outcomes] == [False, True, True, True] + [False] * 6
    assert ["detail" in one for one in outcomes] == [False] * 5 + [True] * 5


def test_a_report_may_name_its_task_by_type_and_external_key(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "order"}, token=ADMIN)
    named = {"type": "order", "external_key": "2026-1"}
    assert report(fetch, named | {"status": 2}) == [{"task_id": None, "outcome": "unknown"}]
    task_id = fetch.created(processing_time=None, **named)
    other = fetch.created(type="sleep", external_key="2026-1")
    outcomes = report(
        fetch,
        named | {"status": 2, "seq": 1},
        named | {"stage": "pay", "seq": 3},
        {"task_id": task_id, "stage": "pack", "seq": 2},
        named | {"external_key": "2026-2"},
    )
    assert [one["outcome"] for one in outcomes] == ["applied", "applied", "stale", "unknown"]
    assert [one["task_id"] for one in outcomes] == [task_id, task_id, task_id, None]
    task = fetch("GET", f"/tasks/{task_id}").json()
    assert (task["status"], task["stage"]) == (2, "pay")
    assert fetch("GET", f"/tasks/{other}").json()["status"] == 1


def test_a_report_names_its_task_in_exactly_one_way(fetch: Fetch, tracked: str) -> None:
    key = {"type": "order", "external_key": "1"}
    wrong = [
        {"type": "order"},
        {"external_key": "1"},
        {"task_id": tracked} | key,
        {"task_id": tracked, "external_key": "1"},
        key | {"external_key": ""},
        key | {"type": "No type"},
    ]
    outcomes = report(fetch, *(one | {"status": 2} for one in wrong))
    assert {one["outcome"] for one in outcomes} == {"invalid"}
    assert all(one["detail"] for one in outcomes)
    assert fetch("GET", f"/tasks/{tracked}").json()["status"] == 1


def test_a_granted_claim_says_what_to_run_and_never_shows_the_claim(fetch: Fetch) -> None:
    task_id = fetch.created(input={"a": 1})
    claim = CLAIM | {"task_id": task_id, "status": 2}
    for outcome in ("applied", "duplicate"):
        (granted,) = report(fetch, claim)
        assert (granted["outcome"], granted["task"]["handler"], granted["task"]["input"]) == (
            outcome,
            "sleep",
            {"a": 1},
        )
        assert str(CLAIM["claim"]) not in str(granted)
    (refused,) = report(fetch, claim | {"claim": "f" * 32})
    assert refused["outcome"] == "refused"


def test_metadata_beyond_its_cap_is_invalid(fetch: Fetch, tracked: str) -> None:
    half = "x" * 40_000
    assert patch(fetch, tracked, {"metadata": {"a": half}}).status == 200
    answer = patch(fetch, tracked, {"metadata": {"b": half}})
    assert (answer.status, answer.pointers) == (422, {"/metadata"})
    (outcome,) = report(fetch, {"task_id": tracked, "metadata": {"b": half}})
    assert (outcome["outcome"], bool(outcome["detail"])) == ("invalid", True)


def test_a_batch_of_reports_may_be_empty_but_not_too_long(fetch: Fetch, tracked: str) -> None:
    assert report(fetch) == []
    answer = fetch("POST", "/reports", {"reports": [{"task_id": tracked}] * 1_001}, token=REPORTER)
    assert (answer.status, answer.pointers) == (422, {"/reports"})
    answer = fetch("POST", "/reports", [{"task_id": tracked}], token=REPORTER)
    assert (answer.status, answer.pointers) == (422, {""})


def test_a_thousand_reports_are_judged_at_once(fetch: Fetch, tracked: str) -> None:
    outcomes = report(fetch, *({"task_id": tracked, "seq": n, "progress": n / 1_000} for n in range(1_000)))
    assert {one["outcome"] for one in outcomes} == {"applied"}
    assert fetch("GET", f"/tasks/{tracked}").json()["progress"] == 0.999
