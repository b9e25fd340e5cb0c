"""Search: what is typed finds what it says, page by page, within bounds."""

import asyncio
import csv
import io
import itertools
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import waybill_api.store.engine.migrations
from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch
from waybill_api.handlers import tasks as tasks_handler
from waybill_api.store import commands
from waybill_api.store.finding import drivers, finder
from waybill_api.store.store import Store
from waybill_api.store.writing.unit import Unit
from waybill_api.upkeep.indexer import Indexer

WORDS = ("resize", "picture", "Привет", "café", "invoice")
MESSAGES = ("cannot open file 1", "cannot open file 2", "no such host")


def take_in(fetch: Fetch, store: Store, slice: int = 3) -> None:
    async def all_of_it() -> None:
        while await store.insist(commands.search.take_in, slice):
            pass

    fetch.run(all_of_it())


def search(fetch: Fetch, q: str, **more: Any) -> Answer:
    parameters = "".join(f"&{name}={quote(str(value))}" for name, value in more.items())
    return fetch("GET", f"/tasks?q={quote(q)}{parameters}")


def found(fetch: Fetch, q: str, **more: Any) -> list[str]:
    answer = search(fetch, q, **more)
    assert answer.status == 200, answer.body
    return [task["task_id"] for task in answer.json()]


@pytest.fixture
def many(fetch: Fetch, store: Store) -> list[dict[str, Any]]:
    """Tasks of every kind, with their index kept in little slices while they change."""
    chance = random.Random(7)
    fetch("POST", "/task-types", {"name": "parcel", "handler": None}, token=ADMIN)
    for first in range(0, 60, 6):
        drafts = [
            {
                "name": f"{chance.choice(WORDS)} {chance.choice(WORDS)} {number}",
                "type": chance.choice(("sleep", "parcel")),
                "processing_time": 5,
                "metadata": {"user": chance.randrange(4), "lang": chance.choice(("en", "RU"))},
                "external_key": f"key-{number}" if number % 3 else None,
            }
            for number in range(first, first + 6)
        ]
        said: list[dict[str, Any]] = []
        for task_id in fetch("POST", "/tasks/batch", {"tasks": drafts}).json()["task_ids"]:
            match chance.randrange(6):
                case 0:
                    assert fetch("POST", f"/tasks/{task_id}/cancel").status == 200
                case 1 | 2:
                    error = {"code": "failed", "message": chance.choice(MESSAGES)}
                    said.append({"task_id": task_id, "status": 4, "error": error})
                case 3:
                    said.append({"task_id": task_id, "status": 3, "metadata": {"user": 9}})
                case 4:
                    said.append({"task_id": task_id, "status": 2, "stage": "enrich"})
        assert fetch("POST", "/reports", {"reports": said}, token=REPORTER).status == 200
        take_in(fetch, store)
    tasks: list[dict[str, Any]] = fetch("GET", "/tasks").json()
    return tasks


def fits(task: dict[str, Any], term: str) -> bool:
    name, _, value = term.partition(":")
    error = task["error"] or {"code": "", "message": ""}
    match name:
        case "status":
            return task["status_name"].lower() in value.split(",")
        case "type" | "stage":
            return bool(task[name] == value)
        case "error":
            return bool(error["code"] == value)
        case "key":
            return bool(task["external_key"] == value)
        case "meta.user" | "meta.lang":
            return str(task["metadata"].get(name[5:])).lower() in value.lower().split(",")
    words = (
        f"{task['name']} {task['external_key'] or ''} {error['message']}".lower().replace("é", "e").replace("-", " ")
    )
    return f" {name.lower().strip(chr(34)).replace('-', ' ')} " in f" {words} "


TERMS = (
    *("status:new", "status:error", "status:completed,processing", "type:sleep", "type:parcel", "type:none"),
    *("stage:enrich", "error:failed", "error:cancelled", "key:key-4", "meta.user:9", "meta.user:1,2", "meta.lang:ru"),
    *("resize", "привет", "cafe", "INVOICE", '"cannot open"', '"file 1"', "host", "nowhere", "key-5"),
)


def test_what_is_found_is_what_fits(fetch: Fetch, many: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "SPAN", 7)
    monkeypatch.setattr(finder, "FEW", 5)
    monkeypatch.setattr(finder, "MOST_CANDIDATES", 11)
    pairs = [pair for pair in itertools.combinations(TERMS, 2) if len({term.partition(":")[0] for term in pair}) == 2]
    for terms in [*((term,) for term in TERMS), *random.Random(3).sample(pairs, 60)]:
        wanted = [task["task_id"] for task in many if all(fits(task, term) for term in terms)]
        q = " ".join(terms)
        assert found(fetch, q) == wanted, q
        assert found(fetch, q, order="newest") == wanted[::-1], q
        assert list(paged(fetch, q, "newest")) == wanted[::-1], q
        assert list(paged(fetch, q, "oldest")) == wanted, q


def test_a_search_that_many_deletions_pass_through_is_answered(
    fetch: Fetch, store: Store, many: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two statements of a search everything is deleted; it sees the tasks as they were when it began."""
    monkeypatch.setattr(drivers, "SPAN", 7)
    numbers = drivers._numbers

    def numbers_before_the_end(*given: Any) -> tuple[int, int]:
        known = numbers(*given)
        with sqlite3.connect(store.path) as other:
            other.execute("DELETE FROM searched")
        other.close()
        return known

    monkeypatch.setattr(drivers, "_numbers", numbers_before_the_end)
    for order in ("newest", "oldest"):
        assert search(fetch, "resize", order=order).status == 200


def paged(fetch: Fetch, q: str, order: str) -> Iterator[str]:
    path = f"/tasks?q={quote(q)}&limit=4&order={order}"
    while path:
        answer = fetch("GET", path)
        assert answer.status == 200, answer.body
        yield from (task["task_id"] for task in answer.json())
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")


def test_filters_and_times_narrow_what_is_found(fetch: Fetch, many: list[dict[str, Any]]) -> None:
    created = many[30]["created_at"]
    later = [task["task_id"] for task in many if task["created_at"] > created and task["status"] == 4]
    assert found(fetch, "", status="error", created_after=created, order="newest") == later[::-1]
    assert found(fetch, "status:error", created_after=created) == later
    assert found(fetch, "status:error", status="new") == []
    assert found(fetch, "status:error", silent="true") == []
    assert found(fetch, "status:error", status="new", limit=5) == []
    assert found(fetch, "created:>2000-01-01") == [task["task_id"] for task in many]
    assert found(fetch, "created:<2000-01-01") == found(fetch, "created:>2200-01-01") == []
    assert found(fetch, f"id:{many[3]['task_id']}") == [many[3]["task_id"]]
    finished = [task["task_id"] for task in many if task["finished_at"]]
    assert found(fetch, "finished:>2000-01-01") == finished


def test_a_bad_search_is_told_what_is_wrong_with_it(fetch: Fetch) -> None:
    answer = search(fetch, "x status:eror", limit=5)
    assert (answer.status, answer.code) == (422, "bad_query")
    (error,) = answer.json()["errors"]
    assert (error["parameter"], error["position"], error["length"]) == ("q", 2, 11)
    assert error["suggestions"] == ["status:error"]


@pytest.mark.parametrize("text", ['a" OR b', "NEAR(a b)", "words : a", "a*", "{", "a AND", "^a", "-a", "';--", "\\"])
def test_what_is_typed_is_never_syntax(fetch: Fetch, many: list[dict[str, Any]], text: str) -> None:
    for q in (text, f'"{text}"'):
        answer = search(fetch, q)
        assert answer.status == 422 or answer.json() == [], answer.body


def test_deleted_and_retried_tasks_are_found_no_more(fetch: Fetch, store: Store) -> None:
    gone, again = fetch.created(name="gone"), fetch.created(name="again")
    for task_id in (gone, again):
        fetch("POST", f"/tasks/{task_id}/cancel")
    take_in(fetch, store)
    assert found(fetch, "cancelled") == [gone, again]
    fetch("DELETE", f"/tasks/{gone}", token=ADMIN)
    fetch("POST", f"/tasks/{again}/retry")
    assert found(fetch, "gone") == []
    take_in(fetch, store)
    assert found(fetch, "cancelled") == []
    assert found(fetch, "again") == [again]


@pytest.mark.parametrize("asked", ["q=stage:enrich", "stage=enrich", "q=stage:enrich&silent=false"])
def test_a_page_is_looked_for_in_a_bounded_time(
    fetch: Fetch, many: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """No time at all: each page looks at one batch, says so, and leads on until all was seen."""
    monkeypatch.setattr(finder, "MOST_CANDIDATES", 8)
    monkeypatch.setattr(finder, "SECONDS", -1)
    states = set()
    path, ids = f"/tasks?{asked}&limit=2&order=newest", []
    while path:
        answer = fetch("GET", path)
        states.add(answer.headers["Waybill-Search"])
        ids += [task["task_id"] for task in answer.json()]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert ids == [task["task_id"] for task in many if task["stage"] == "enrich"][::-1]
    assert states == {"partial", "complete"}


def test_an_index_that_is_behind_says_so(fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks_handler, "FRESH", 0)
    fetch.created(name="a parcel")
    assert search(fetch, "parcel", limit=5).headers["Waybill-Search"] == "indexing"
    assert search(fetch, "status:new", limit=5).headers["Waybill-Search"] == "complete"
    take_in(fetch, store)
    assert search(fetch, "parcel", limit=5).headers["Waybill-Search"] == "complete"


def test_the_indexer_follows_what_happens(fetch: Fetch, store: Store) -> None:
    before = fetch.created(name="from before")

    async def work() -> list[str]:
        running = asyncio.ensure_future(Indexer(store).run())
        ids: list[str] = []
        await fetch.later("POST", "/tasks", {"name": "from now", "processing_time": 1})
        while len(ids) < 2:
            ids = [task["task_id"] for task in (await fetch.later("GET", "/tasks?q=from")).json()]
            await asyncio.sleep(0.01)
        running.cancel()
        return ids

    assert fetch.run(work())[0] == before


@pytest.mark.parametrize(("form", "media"), [("json", "application/json"), ("ndjson", "application/x-ndjson")])
def test_a_link_saves_what_is_found(fetch: Fetch, many: list[dict[str, Any]], form: str, media: str) -> None:
    wanted = [task["task_id"] for task in many if task["status"] == 4]
    answer = fetch("GET", f"/tasks?q=status:error&format={form}", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.headers["Content-Type"].startswith(media)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="tasks.{form}"'
    assert [wanted_id.encode() in answer.body for wanted_id in wanted] == [True] * len(wanted)
    table = fetch("GET", "/tasks?q=status:error&format=csv", headers={"Accept": "text/html,*/*;q=0.8"})
    assert [row["task_id"] for row in csv.DictReader(io.StringIO(table.body.decode()))] == wanted


def test_a_search_that_was_begun_is_completed(fetch: Fetch) -> None:
    fetch.created(metadata={"customer": "ACME"})
    for typed, offered in (
        ("status:e", ["status:error"]),
        ("meta.cu", ["meta.customer:"]),
        ("x meta.customer:", ["x meta.customer:ACME"]),
        ("type:", ["type:sleep"]),
    ):
        assert fetch("GET", f"/search/suggestions?q={quote(typed)}").json() == {"suggestions": offered}
    assert len(fetch("GET", "/search/suggestions?limit=3").json()["suggestions"]) == 3
    assert fetch("GET", f"/search/suggestions?q={'x' * 501}").status == 422


def test_words_of_scripts_without_spaces_are_found(fetch: Fetch, store: Store) -> None:
    names = ("東京タワーの写真を縮小する", "데이터베이스 백업", "서울에서 부산까지", "ย่อรูปภาพหอคอย", "resize")
    drafts = [{"name": name, "processing_time": 1} for name in names]
    task_ids = fetch("POST", "/tasks/batch", {"tasks": drafts}).json()["task_ids"]
    take_in(fetch, store)
    for number, asked in (
        (0, "東京"),
        (0, "写"),
        (0, '"タワーの写真"'),
        (1, "이터"),
        (2, "서울"),
        (3, "รูปภาพ"),
        (4, "RESIZE"),
    ):
        assert found(fetch, asked) == [task_ids[number]], asked
        assert found(fetch, f"{asked} type:sleep status:new") == [task_ids[number]], asked
    assert found(fetch, "大阪") == []


def write(fetch: Fetch, store: Store, operation: Callable[[Unit], object]) -> None:
    async def written() -> None:
        await store._writer.submit(operation)

    fetch.run(written())


OLD_INDEX = """
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
    words, marks, content = 'searched', content_rowid = 'id', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);
UPDATE searched SET words = (SELECT name FROM tasks WHERE tasks.task_id = searched.task_id);
INSERT INTO search (rowid, words, marks) SELECT id, words, marks FROM searched;
ALTER TABLE search_progress DROP COLUMN old_words;
"""


def test_an_older_index_is_made_anew_latest_first_while_tasks_change(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks_handler, "FRESH", 0)
    drafts = [{"name": f"東京 {number}", "processing_time": 1, "metadata": {"user": 7}} for number in range(8)]
    task_ids: list[str] = fetch("POST", "/tasks/batch", {"tasks": drafts}).json()["task_ids"]
    take_in(fetch, store)
    migrations = Path(waybill_api.store.engine.migrations.__file__).parent

    def back_and_forth(unit: Unit) -> None:
        for script in (OLD_INDEX, next(migrations.glob("*_words.sql")).read_text("utf-8")):
            for statement in script.split(";\n"):
                unit.connection.execute(statement)

    write(fetch, store, back_and_forth)
    assert search(fetch, "東京", limit=5).headers["Waybill-Search"] == "indexing"
    assert found(fetch, "東京") == []
    fetch.run(store.insist(commands.search.take_in, 3))
    assert found(fetch, "東京") == task_ids[5:]
    # What is not in the index yet is changed and deleted, and so is what is in it again.
    for task_id in (task_ids[0], task_ids[7]):
        assert fetch("POST", f"/tasks/{task_id}/cancel").status == 200
        assert fetch("DELETE", f"/tasks/{task_id}", token=ADMIN).status == 204
    for task_id in (task_ids[1], task_ids[6]):
        assert fetch("PATCH", f"/tasks/{task_id}", {"metadata": {"user": 8}}, token=REPORTER).status == 200
    later = fetch("POST", "/tasks", {"name": "東京 後", "processing_time": 1}).json()["task_id"]
    take_in(fetch, store)
    assert found(fetch, "東京") == [*task_ids[1:7], later]
    assert found(fetch, "meta.user:8") == [task_ids[1], task_ids[6]]
    assert found(fetch, "meta.user:7") == task_ids[2:6]
    assert search(fetch, "東京", limit=50).headers["Waybill-Search"] == "complete"
    check = "INSERT INTO search (search, rank) VALUES ('integrity-check', 1)"
    write(fetch, store, lambda unit: unit.connection.execute(check))
