"""One thing done to many tasks, and failures in groups."""

from typing import Any

import pytest

from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch
from waybill_api.handlers import task_bulk
from waybill_api.store import commands
from waybill_api.store.store import Store

UNKNOWN = "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"


@pytest.fixture(autouse=True)
def tracked(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "parcel", "handler": None}, token=ADMIN)


def take_in(fetch: Fetch, store: Store) -> None:
    async def all_of_it() -> None:
        while await store.insist(commands.search.take_in, 50):
            pass

    fetch.run(all_of_it())


def bulk(fetch: Fetch, action: str, token: str | None = None, **body: Any) -> Answer:
    return fetch("POST", "/tasks/bulk", {"action": action, **body}, token=token)


def failed(fetch: Fetch, message: str, **fields: Any) -> str:
    task_id = fetch.created(**{"type": "parcel"} | fields)
    report = {"status": 4, "error": {"code": "failed", "message": message}}
    assert fetch("PATCH", f"/tasks/{task_id}", report, token=REPORTER).status == 200
    return task_id


def statuses(fetch: Fetch) -> dict[str, int]:
    return {task["task_id"]: task["status"] for task in fetch("GET", "/tasks").json()}


def test_those_that_are_listed_are_changed_as_far_as_they_allow_it(fetch: Fetch) -> None:
    open_one, final = fetch.created(), failed(fetch, "x")
    answer = bulk(fetch, "cancel", task_ids=[open_one, final, UNKNOWN, open_one])
    assert answer.status == 200, answer.body
    changed = answer.json()
    assert (changed["done"], changed["count"], changed["applied"]) == (True, 3, 1)
    assert changed["refused"] == {"task_is_final": 1, "task_not_found": 1}
    assert bulk(fetch, "retry", task_ids=[open_one, final]).json()["applied"] == 2
    assert statuses(fetch) == {open_one: 1, final: 1}
    assert [event["kind"] for event in fetch("GET", f"/tasks/{open_one}/events").json()] == [
        "create",
        "cancel",
        "retry",
    ]


def test_all_that_a_search_finds_are_counted_and_then_changed(fetch: Fetch) -> None:
    ids = [fetch.created() for _ in range(5)]
    others = [failed(fetch, "x"), fetch.created(type="parcel")]
    counted = bulk(fetch, "cancel", q="type:sleep", dry_run=True).json()
    assert (counted["count"], counted["is_exact"], counted["applied"]) == (5, True, 0)
    assert counted["task_ids"] == ids[::-1]
    assert set(statuses(fetch).values()) == {1, 4}
    changed = bulk(fetch, "cancel", q="type:sleep").json()
    assert (changed["done"], changed["count"], changed["applied"], changed["refused"]) == (True, 5, 5, {})
    assert statuses(fetch) == dict.fromkeys(ids, 4) | {others[0]: 4, others[1]: 1}


def test_a_long_one_is_gone_on_with_by_its_cursor(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_bulk, "SLICE", 3)
    monkeypatch.setattr(task_bulk, "REQUEST_SECONDS", -1)
    ids = [fetch.created() for _ in range(8)]
    counts: list[int] = []
    cursor, later = None, ""
    while not counts or cursor is not None:
        changed = bulk(fetch, "cancel", q="type:sleep", cursor=cursor).json()
        counts.append(changed["applied"])
        cursor = changed["cursor"]
        assert changed["done"] == (cursor is None)
        later = later or fetch.created()
    assert sum(counts) == 8
    assert counts[:2] == [3, 3]
    assert statuses(fetch) == dict.fromkeys(ids, 4) | {later: 1}, "what was created meanwhile is left alone"


def test_the_count_is_capped(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_bulk, "MOST_COUNTED", 4)
    for _ in range(6):
        fetch.created()
    counted = bulk(fetch, "cancel", q="status:new", dry_run=True).json()
    assert (counted["count"], counted["is_exact"]) == (4, False)


def test_only_those_that_allow_it_are_meant(fetch: Fetch) -> None:
    new, error, done = fetch.created(type="parcel"), failed(fetch, "x"), fetch.created(type="parcel")
    fetch("PATCH", f"/tasks/{done}", {"status": 3}, token=REPORTER)
    ask: dict[str, Any] = {"q": "type:parcel", "dry_run": True}
    assert bulk(fetch, "retry", **ask).json()["task_ids"] == [error]
    assert bulk(fetch, "cancel", **ask).json()["task_ids"] == [new]
    assert bulk(fetch, "delete", ADMIN, **ask).json()["task_ids"] == [done, error]
    assert bulk(fetch, "retry", q="status:completed,new", dry_run=True).json()["task_ids"] == [done]
    assert bulk(fetch, "cancel", q="status:error").json()["count"] == 0


def test_to_delete_takes_the_administrator(fetch: Fetch) -> None:
    task_id = failed(fetch, "x")
    for token, status in ((None, 401), (REPORTER, 403), (ADMIN, 200)):
        assert bulk(fetch, "delete", token, task_ids=[task_id]).status == status
    assert statuses(fetch) == {}


@pytest.mark.parametrize(
    ("body", "code", "names"),
    [
        ({"action": "cancel"}, "invalid", {""}),
        ({"action": "cancel", "q": "x", "task_ids": [UNKNOWN]}, "invalid", {""}),
        ({"action": "eat", "q": "x"}, "invalid", {"/action"}),
        ({"action": "cancel", "q": ""}, "invalid", {"/q"}),
        ({"action": "cancel", "task_ids": []}, "invalid", {"/task_ids"}),
        ({"action": "cancel", "task_ids": ["x"]}, "invalid", {"/task_ids/0"}),
        ({"action": "cancel", "q": "x", "cursor": "?"}, "invalid", {"/cursor"}),
        ({"action": "cancel", "q": "nope:x"}, "bad_query", {"/q"}),
        ({"action": "cancel", "q": "   "}, "bad_query", {"/q"}),
    ],
)
def test_what_makes_no_sense_is_refused(fetch: Fetch, body: dict[str, Any], code: str, names: set[str]) -> None:
    answer = fetch("POST", "/tasks/bulk", body)
    assert (answer.status, answer.code) == (422, code)
    assert answer.pointers == names


def test_failures_come_in_groups_that_follow_their_tasks(fetch: Fetch, store: Store) -> None:
    first = [failed(fetch, f"cannot open file {number}") for number in range(3)]
    other = failed(fetch, "no such host")
    fetch("POST", f"/tasks/{fetch.created()}/cancel")
    take_in(fetch, store)
    groups = fetch("GET", "/failures").json()
    assert [(group["message"], group["tasks"], group["task_id"]) for group in groups] == [
        ("no such host", 1, other),
        ("cannot open file <n>", 3, first[2]),
    ], "what was cancelled is no failure"
    group = groups[1]
    assert (group["type"], group["code"]) == ("parcel", "failed")
    assert group["first_seen"] == fetch("GET", f"/tasks/{first[0]}").json()["finished_at"]
    assert fetch("GET", "/failures?type=sleep").json() == []
    assert len(fetch("GET", "/failures?limit=1").json()) == 1

    found = fetch("GET", f"/tasks?q=failure:{group['fingerprint']}").json()
    assert [task["task_id"] for task in found] == first
    retried = bulk(fetch, "retry", q=f"failure:{group['fingerprint']}").json()
    assert (retried["applied"], retried["refused"]) == (3, {})
    fetch("DELETE", f"/tasks/{other}", token=ADMIN)
    report = {"attempt": 2, "status": 4, "error": {"code": "failed", "message": "cannot open file 7"}}
    fetch("PATCH", f"/tasks/{first[1]}", report, token=REPORTER)
    take_in(fetch, store)
    (group,) = fetch("GET", "/failures").json()
    assert (group["tasks"], group["task_id"]) == (1, first[1])


def test_failures_are_read_page_by_page(fetch: Fetch, store: Store) -> None:
    fetch("POST", "/task-types", {"name": "letter", "handler": None}, token=ADMIN)
    for word in ("one", "two", "three", "four", "five"):
        failed(fetch, word)
    failed(fetch, "six", type="letter")
    take_in(fetch, store)
    seen: list[str] = []
    path = "/failures?limit=2&type=parcel"
    while path:
        answer = fetch("GET", path)
        seen += [group["message"] for group in answer.json()]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert sorted(seen) == ["five", "four", "one", "three", "two"]
    for cursor in ("nonsense", "MTIz", "", "%C3%BC"):
        answer = fetch("GET", f"/failures?cursor={cursor}")
        assert (answer.status, answer.pointers) == (422, {"cursor"})
