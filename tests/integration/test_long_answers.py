"""Long answers: bounded in size, and made and written in pieces while other requests are served."""

import asyncio
import json
from typing import Any

import pytest

from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill_api.http import long_answers
from waybill_api.store.finding import finder
from waybill_api.store.tables import events

PAD = "y" * 50_000


def large(fetch: Fetch, count: int, **fields: Any) -> list[str]:
    """Create tasks of 50 KB each."""
    tasks = [{"name": f"task {n}", "processing_time": 1, "input": PAD} | fields for n in range(count)]
    answer = fetch("POST", "/tasks/batch", {"tasks": tasks})
    assert answer.status == 201
    return list(answer.json()["task_ids"])


def tracked(fetch: Fetch, count: int) -> list[str]:
    fetch("POST", "/task-types", {"name": "parcel"}, token=ADMIN)
    return large(fetch, count, type="parcel")


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_a_page_of_large_tasks_has_fewer_of_them_and_leads_on(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(finder, "LARGEST", 500_000)
    task_ids = large(fetch, 30)
    found: list[str] = []
    path: str | None = f"/tasks?limit=25&format={form}"
    while path is not None:
        answer = fetch("GET", path)
        text = answer.body.decode()
        assert len(text) < 800_000
        found += [task_id for task_id in task_ids if task_id in text]
        link = answer.headers.get("Link")
        assert answer.headers["Waybill-Search"] == ("complete" if link is None else "partial")
        path = None if link is None else link[1 : link.index(">")]
    assert found == task_ids


def test_a_task_that_is_larger_than_a_page_is_a_page(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "LARGEST", 10)
    large(fetch, 3)
    assert len(fetch("GET", "/tasks?limit=3").json()) == 1
    assert len(fetch("GET", "/tasks").json()) == 3
    assert fetch("GET", "/tasks?limit=3&q=nothing-like-this").json() == []


def test_a_page_of_large_events_has_fewer_of_them_and_leads_on(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LARGEST", 200_000)
    (task_id,) = tracked(fetch, 1)
    reports = [{"task_id": task_id, "status": 2, "note": PAD, "seq": seq} for seq in range(1, 11)]
    fetch("POST", "/reports", {"reports": reports}, token=REPORTER)
    sizes: list[int] = []
    path: str | None = f"/tasks/{task_id}/events?limit=1000"
    while path is not None:
        answer = fetch("GET", path)
        sizes.append(len(answer.json()))
        path = answer.headers["Link"][1:].partition(">")[0] if "Link" in answer.headers else None
        assert answer.headers["Waybill-Search"] == ("complete" if path is None else "partial")
    assert sizes == [5, 4, 2]
    assert len(fetch("GET", "/events").json()) == 11


def test_each_of_many_duplicates_is_answered_with_its_task(fetch: Fetch) -> None:
    task_ids = tracked(fetch, 100)
    said = {"reports": [{"task_id": task_id, "status": 2, "seq": 1} for task_id in task_ids]}
    first = fetch("POST", "/reports", said, token=REPORTER)
    assert first.json() == {"outcomes": [{"task_id": task_id, "outcome": "applied"} for task_id in task_ids]}
    assert "Content-Length" in first.headers
    again = fetch("POST", "/reports", said, token=REPORTER)
    assert [(one["task_id"], one["outcome"]) for one in again.json()["outcomes"]] == [
        (task_id, "duplicate") for task_id in task_ids
    ]
    assert all(one["task"] == fetch("GET", f"/tasks/{one['task_id']}").json() for one in again.json()["outcomes"][:3])
    assert all(one["task"]["input"] == PAD for one in again.json()["outcomes"])


@pytest.mark.parametrize("what", ["a page", "duplicates"])
def test_others_are_served_between_the_pieces_of_an_answer(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    task_ids = tracked(fetch, 100)
    said = {"reports": [{"task_id": task_id, "status": 2, "seq": 1} for task_id in task_ids]}
    fetch("POST", "/reports", said, token=REPORTER)
    order: list[str] = []
    send = long_answers._send

    async def noted(*arguments: Any) -> None:
        order.append("piece")
        await send(*arguments)

    monkeypatch.setattr(long_answers, "_send", noted)

    async def beat() -> None:
        while True:
            order.append("others")
            await asyncio.sleep(0)

    async def both() -> None:
        asking = (
            fetch.later("GET", "/tasks?limit=100")
            if what == "a page"
            else fetch.later("POST", "/reports", said, token=REPORTER)
        )
        others = asyncio.ensure_future(beat())
        assert (await asking).status == 200
        others.cancel()

    fetch.run(both())
    assert order.count("piece") >= 15
    assert "piece,piece" not in ",".join(order)


def test_no_piece_is_much_larger_than_it_should_be() -> None:
    texts = ["x" * 60_000] * 100
    pieces = list(long_answers.slices(texts))
    assert "".join(pieces) == "".join(texts)
    assert max(map(len, pieces)) < long_answers.SLICE + 60_000


MIXED = {"at": "now", "few": [1], "many": [{"n": n} for n in range(30_000)], "none": [], "more": {"a": [2]}}
"""An object whose long list is one field of several."""


@pytest.mark.parametrize("answer", [[], {"a": []}, {"a": 1}, {"a": [], "b": []}, [1] * 20, None, 7, {}])
def test_a_short_answer_is_written_at_once(answer: Any) -> None:
    assert long_answers.pieces_of(answer, json.dumps) is None


@pytest.mark.parametrize("answer", [list(range(30)), {"outcomes": [{"a": n} for n in range(5_000)]}, [[]] * 21, MIXED])
def test_an_answer_in_pieces_is_the_same_json(answer: Any) -> None:
    pieces = long_answers.pieces_of(answer, json.dumps)
    assert pieces is not None
    written = list(pieces)
    assert json.loads("".join(written)) == answer
    assert max(map(len, written)) < long_answers.SLICE + 1_000
