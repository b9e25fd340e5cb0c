"""Create, look at, list, cancel, retry and delete tasks."""

import asyncio
import csv
import io
import json
import re
import time
from sqlite3 import Connection
from urllib.parse import urlsplit

import pytest

from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch
from waybill_api.http.traffic import Traffic
from waybill_api.limits import Limits
from waybill_api.search.query import Query
from waybill_api.store.finding import finder
from waybill_api.store.finding.finder import Found
from waybill_api.store.store import Store
from waybill_api.store.tables import tasks
from waybill_api.store.writing import writer

GOOD = {"name": "Resize", "processing_time": 5}


def test_a_create_answers_with_the_id_and_nothing_else(fetch: Fetch) -> None:
    answer = fetch("POST", "/tasks", GOOD)
    assert answer.status == 201
    assert list(answer.json()) == ["task_id"]
    assert answer.headers["Location"] == f"/tasks/{answer.json()['task_id']}"


def test_a_task_has_the_assignments_fields_and_more(fetch: Fetch) -> None:
    task_id = fetch.created(metadata={"ключ": "значение"}, external_key="order-1", priority=-5, input={"a": [1, 1.5]})
    task = fetch("GET", f"/tasks/{task_id}").json()
    assert task | {"task_id": task_id, "name": "Resize", "processing_time": 5, "status": 1} == task
    assert (task["status_name"], task["attempt"], task["priority"], task["external_key"]) == ("NEW", 1, -5, "order-1")
    assert (task["metadata"], task["input"]) == ({"ключ": "значение"}, {"a": [1, 1.5]})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", task["created_at"])
    assert task["started_at"] is task["finished_at"] is task["error"] is None
    assert "claim" not in task


def test_a_repeated_create_answers_alike_and_creates_once(fetch: Fetch) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first, second = (fetch("POST", "/tasks", body, headers=headers) for body in (GOOD, dict(reversed(GOOD.items()))))
    assert (first.status, first.body, first.headers["Location"]) == (
        second.status,
        second.body,
        second.headers["Location"],
    )
    assert len(fetch("GET", "/tasks").json()) == 1
    other = fetch("POST", "/tasks", GOOD | {"processing_time": 6}, headers=headers)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    elsewhere = fetch("POST", "/tasks/batch", {"tasks": [GOOD]}, headers=headers)
    assert (elsewhere.status, elsewhere.code) == (422, "idempotency_key_reused")


def test_an_external_key_is_taken_once(fetch: Fetch) -> None:
    task_id = fetch.created(external_key="order-1")
    answer = fetch("POST", "/tasks", GOOD | {"external_key": "order-1"})
    assert (answer.status, answer.code, answer.json()["task_id"]) == (409, "external_key_taken", task_id)


def test_a_batch_is_created_in_order(fetch: Fetch) -> None:
    answer = fetch("POST", "/tasks/batch", {"tasks": [GOOD | {"name": name} for name in "abc"]})
    assert answer.status == 201
    listed = fetch("GET", "/tasks").json()
    assert [task["name"] for task in listed] == ["a", "b", "c"]
    assert [task["task_id"] for task in listed] == answer.json()["task_ids"]


def test_an_id_may_be_written_in_capitals(fetch: Fetch) -> None:
    task_id = fetch.created()
    assert fetch("GET", f"/tasks/{task_id.upper()}").json()["task_id"] == task_id


def test_a_task_that_has_not_changed_is_304(fetch: Fetch) -> None:
    task_id = fetch.created()
    etag = fetch("GET", f"/tasks/{task_id}").headers["ETag"]
    for given in (etag, f"W/{etag}", f'"x,y" ,\tW/{etag}', "*"):
        answer = fetch("GET", f"/tasks/{task_id}", headers={"If-None-Match": given})
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)
    fetch("POST", f"/tasks/{task_id}/cancel")
    answer = fetch("GET", f"/tasks/{task_id}", headers={"If-None-Match": etag})
    assert (answer.status, answer.headers["ETag"] != etag) == (200, True)


def test_a_long_poll_answers_when_the_task_ends(fetch: Fetch) -> None:
    task_id = fetch.created()

    async def both() -> tuple[Answer, Answer]:
        poll = asyncio.ensure_future(fetch.later("GET", f"/tasks/{task_id}?wait=15"))
        await asyncio.sleep(0.1)
        assert not poll.done()
        return await fetch.later("POST", f"/tasks/{task_id}/cancel"), await poll

    began = time.monotonic()
    _, polled = fetch.run(both())
    assert (polled.status, polled.json()["status"]) == (200, 4)
    assert time.monotonic() - began < 5
    assert fetch("GET", f"/tasks/{task_id}?wait=15").json()["status"] == 4


def test_a_long_poll_answers_200_when_the_time_is_over(fetch: Fetch) -> None:
    answer = fetch("GET", f"/tasks/{fetch.created()}?wait=0.1")
    assert (answer.status, answer.json()["status"]) == (200, 1)


def test_a_long_poll_answers_at_once_when_the_server_stops(fetch: Fetch, traffic: Traffic) -> None:
    task_id = fetch.created()

    async def stop() -> Answer:
        poll = asyncio.ensure_future(fetch.later("GET", f"/tasks/{task_id}?wait=15"))
        await asyncio.sleep(0.1)
        assert not await traffic.settle(0)
        traffic.close()
        assert await traffic.settle(5)
        return await poll

    answer = fetch.run(stop())
    assert (answer.status, answer.headers["Connection"]) == (200, "close")


def test_a_client_that_leaves_ends_its_long_poll(fetch: Fetch, traffic: Traffic) -> None:
    task_id = fetch.created()

    async def leave() -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", fetch.port)
        writer.write(f"GET /tasks/{task_id}?wait=15 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await asyncio.sleep(0.1)
        assert not await traffic.settle(0)
        writer.close()
        return await traffic.settle(5)

    assert fetch.run(leave())


def test_all_tasks_are_listed_newest_last(fetch: Fetch) -> None:
    for _ in range(2):
        fetch("POST", "/tasks/batch", {"tasks": [GOOD] * 600})
    answer = fetch("GET", "/tasks")
    ids = [task["task_id"] for task in answer.json()]
    assert (answer.headers["Content-Type"], len(ids)) == ("application/json", 1_200)
    assert ids == sorted(ids)


def test_pages_lead_to_each_other_and_keep_the_filters(fetch: Fetch) -> None:
    fetch("POST", "/tasks/batch", {"tasks": [GOOD | {"name": str(n)} for n in range(7)]})
    cancelled = fetch("GET", "/tasks").json()[3]["task_id"]
    fetch("POST", f"/tasks/{cancelled}/cancel")
    path, names = "/tasks?limit=2&status=NEW", []
    while path:
        answer = fetch("GET", path)
        names += [task["name"] for task in answer.json()]
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('; rel="next"')
        path = link.partition(">")[0].removeprefix("<")
        assert not path or urlsplit(path).path == "/tasks"
    assert names == ["0", "1", "2", "4", "5", "6"]


def test_filters_choose(fetch: Fetch) -> None:
    first = fetch.created(external_key="a+b & c")
    second = fetch.created()
    fetch("POST", f"/tasks/{second}/cancel")
    created = fetch("GET", f"/tasks/{second}").json()["created_at"]
    for query, expected in {
        "status=1": [first],
        "status=error": [second],
        "external_key=a%2Bb+%26+c": [first],
        "type=sleep&status=4": [second],
        "stage=nope": [],
        "created_before=2020-01-01T00:00:00Z": [],
        "created_after=2020-01-01T00:00:00%2B03:00": [first, second],
        f"created_after={created}&status=4": [],
        f"created_before={created}&status=4": [],
    }.items():
        assert [task["task_id"] for task in fetch("GET", f"/tasks?{query}").json()] == expected, query


def test_a_list_comes_as_ndjson(fetch: Fetch) -> None:
    fetch("POST", "/tasks/batch", {"tasks": [GOOD] * 3})
    answer = fetch("GET", "/tasks", headers={"Accept": "text/csv;q=0.5, application/x-ndjson"})
    assert answer.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert [json.loads(line) for line in answer.body.splitlines()] == fetch("GET", "/tasks").json()


FORMULAS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", '="a",b', "\n=1+1", "\r\n=1+1", "\t=1+1", "  =1+1", "\ufeff=1+1", "\u00a0=1+1"),
    *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)", "\u200b=1+1", "\u2028=1+1", " \n \u3000=1", "\n1", "\t1"),
]


def ended_with(fetch: Fetch, result: str) -> None:
    """Have a task that ended with this result, which may have every character."""
    fetch("POST", "/task-types", {"name": "parcel", "handler": None}, token="admin-token")
    task_id = fetch.created(type="parcel", metadata={"a": 1})
    assert fetch("PATCH", f"/tasks/{task_id}", {"status": 3, "result": result}, token="reporter-token").status == 200


@pytest.mark.parametrize("text", FORMULAS)
def test_a_list_comes_as_csv_without_formulas(fetch: Fetch, text: str) -> None:
    ended_with(fetch, text)
    answer = fetch("GET", "/tasks", headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.body.decode(), newline=""))
    assert (row["result"], row["processing_time"], row["metadata"]) == (f"'{text}", "5", '{"a":1}')


@pytest.mark.parametrize("text", ["1=1", " a", "a\n=1", "'=1", "\u201c=1", "東京"])
def test_what_no_spreadsheet_takes_for_a_formula_comes_as_it_is(fetch: Fetch, text: str) -> None:
    ended_with(fetch, text)
    answer = fetch("GET", "/tasks", headers={"Accept": "text/csv"})
    (row,) = csv.DictReader(io.StringIO(answer.body.decode(), newline=""))
    assert row["result"] == text


@pytest.mark.parametrize(("accept", "body"), [("text/csv", b"task_id,"), ("application/x-ndjson", b""), ("*/*", b"[]")])
def test_an_empty_list_is_well_formed(fetch: Fetch, accept: str, body: bytes) -> None:
    answer = fetch("GET", "/tasks", headers={"Accept": accept})
    assert answer.status == 200
    assert answer.body.startswith(body)


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0", "nonsense"])
def test_another_form_is_406(fetch: Fetch, accept: str) -> None:
    answer = fetch("GET", "/tasks", headers={"Accept": accept})
    assert (answer.status, answer.code) == (406, "not_acceptable")


def test_head_is_get_without_the_body(fetch: Fetch) -> None:
    task_id = fetch.created()
    for path in ("/tasks", f"/tasks/{task_id}", "/task-types", "/healthz"):
        got, asked = fetch("GET", path), fetch("HEAD", path)
        assert (asked.status, asked.body) == (200, b"")
        assert asked.headers["Content-Type"] == got.headers["Content-Type"]
    assert fetch("HEAD", "/tasks/nonsense").status == 404


def test_options_name_the_methods_and_let_no_other_origin_in(fetch: Fetch) -> None:
    answer = fetch("OPTIONS", "/tasks", headers={"Origin": "https://evil.example"})
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_reader_that_leaves_stops_the_stream(fetch: Fetch, store: Store, traffic: Traffic) -> None:
    for _ in range(4):
        fetch("POST", "/tasks/batch", {"tasks": [GOOD | {"input": "x" * 5_000}] * 1_000})

    async def leave() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", fetch.port)
        writer.write(b"GET /tasks HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readexactly(1_000)
        writer.close()
        return await traffic.settle(5)

    assert fetch.run(leave())


def test_a_stream_that_fails_is_broken_off_and_never_looks_whole(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fetch("POST", "/tasks/batch", {"tasks": [GOOD] * 600})
    find = finder.find

    def fails_later(connection: Connection, query: Query, after: str | None, limit: int, *, newest: bool) -> Found:
        if after is not None:
            raise OSError("disk gone")
        return find(connection, query, after, limit, newest=newest)

    monkeypatch.setattr(finder, "find", fails_later)
    sent = b"GET /tasks HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n"
    answer = fetch.raw(sent)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert not answer.endswith(b"0\r\n\r\n")
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_failure_of_ours_is_500_without_a_word_of_it_and_logged_once(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(connection: Connection, task_id: str) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(tasks, "load", fails)
    answer = fetch("GET", "/tasks/0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"secret" not in answer.body
    (record,) = caplog.records
    assert answer.json()["request_id"] in record.getMessage()
    assert record.exc_info


def test_a_clients_mistake_is_not_logged(fetch: Fetch, caplog: pytest.LogCaptureFixture) -> None:
    fetch("GET", "/tasks/nonsense")
    fetch("POST", "/tasks", {})
    fetch("PUT", "/tasks")
    fetch("FOO", "/nope")
    assert not caplog.records


def test_cancel_and_retry_take_the_expected_attempt(fetch: Fetch) -> None:
    task_id = fetch.created()
    answer = fetch("POST", f"/tasks/{task_id}/retry")
    assert (answer.status, answer.code) == (409, "task_is_not_final")
    answer = fetch("POST", f"/tasks/{task_id}/cancel", {"attempt": 2})
    assert (answer.status, answer.code, answer.json()["attempt"]) == (409, "attempt_has_moved", 1)
    cancelled = fetch("POST", f"/tasks/{task_id}/cancel", {"attempt": 1}).json()
    assert (cancelled["status"], cancelled["error"]["code"]) == (4, "cancelled")
    assert fetch("POST", f"/tasks/{task_id}/cancel", {}).code == "task_is_final"
    retried = fetch("POST", f"/tasks/{task_id}/retry").json()
    assert (retried["status"], retried["attempt"], retried["error"]) == (1, 2, None)
    assert fetch("POST", f"/tasks/{task_id}/cancel", {"attempt": True}).pointers == {"/attempt"}


def test_only_final_tasks_are_deleted(fetch: Fetch) -> None:
    task_id = fetch.created()
    assert fetch("DELETE", f"/tasks/{task_id}", token=ADMIN).code == "task_is_not_final"
    fetch("POST", f"/tasks/{task_id}/cancel")
    answer = fetch("DELETE", f"/tasks/{task_id}", token=ADMIN)
    assert (answer.status, answer.body) == (204, b"")
    assert fetch("GET", f"/tasks/{task_id}").status == 404
    assert fetch("DELETE", f"/tasks/{task_id}", token=ADMIN).code == "task_not_found"


def test_the_history_shows_every_report_and_no_claim(fetch: Fetch) -> None:
    task_id = fetch.created()
    claim = {"run": 1, "claim": "ab" * 16, "status": 2, "source": "w-1"}
    fetch("PATCH", f"/tasks/{task_id}", claim | {"mood": "good"}, token=REPORTER)
    fetch("PATCH", f"/tasks/{task_id}", {"status": 3, "task_status": 1}, token=REPORTER)
    answer = fetch("GET", f"/tasks/{task_id}/events")
    created, claimed, refused = answer.json()
    assert (created["kind"], created["source"]) == ("create", "api")
    assert (claimed["kind"], claimed["outcome"], claimed["mood"], claimed["task_status"]) == (
        "claim",
        "applied",
        "good",
        2,
    )
    assert (refused["outcome"], refused["status"], refused["task_status"]) == ("refused", 3, 2)
    assert b"abab" not in answer.body
    assert fetch("GET", f"/events?after={created['event_id']}").json() == [claimed, refused]
    page = fetch("GET", f"/tasks/{task_id}/events?limit=2")
    assert page.json() == [created, claimed]
    following = page.headers["Link"].partition(">")[0].removeprefix("<")
    assert fetch("GET", following).json() == [refused]


def test_a_create_that_cannot_be_kept_soon_is_503_while_reads_and_reports_go_on(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = fetch.created()
    monkeypatch.setattr(writer, "MOST_WAITING", 0)
    for method, path in (("POST", "/tasks"), ("POST", f"/tasks/{task_id}/cancel"), ("DELETE", f"/tasks/{task_id}")):
        answer = fetch(method, path, *([GOOD] if path == "/tasks" else []), token=ADMIN)
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "overloaded", "1")
    assert fetch("GET", f"/tasks/{task_id}").status == 200
    assert fetch("POST", "/reports", {"reports": []}, token=REPORTER).status == 200


@pytest.mark.parametrize("limits", [Limits(creates_per_minute=3)])
def test_an_address_that_creates_too_fast_is_told_when_to_go_on(fetch: Fetch, limits: Limits) -> None:
    assert fetch("POST", "/tasks/batch", {"tasks": [GOOD, GOOD]}).status == 201
    assert fetch("POST", "/tasks", GOOD).status == 201
    for path, body in (("/tasks", GOOD), ("/tasks/batch", {"tasks": [GOOD]})):
        answer = fetch("POST", path, body)
        assert (answer.status, answer.code) == (429, "too_many_creates")
        assert 1 <= int(answer.headers["Retry-After"]) <= 20
    assert len(fetch("GET", "/tasks").json()) == 3
    assert fetch("POST", "/tasks", GOOD, token=ADMIN).status == 201, "an administrator is no stranger"
