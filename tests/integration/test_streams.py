"""The history, live: in order, without a gap, and within bounds."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.integration.following import Following, follow
from tests.integration.talking import ADMIN, PATIENCE, REPORTER, Fetch
from waybill.domain.status import Status
from waybill_api.handlers import events as events_handler
from waybill_api.http.traffic import Traffic
from waybill_api.store.followers import feed
from waybill_api.store.store import Store
from waybill_api.store.tables import events
from waybill_api.store.tables.events import Line


def run(fetch: Fetch, work: Coroutine[Any, Any, None]) -> None:
    fetch.run(asyncio.wait_for(work, PATIENCE))


async def create(fetch: Fetch, count: int = 1, **fields: Any) -> list[str]:
    tasks = [{"name": f"task {number}", "processing_time": 1} | fields for number in range(count)]
    answer = await fetch.later("POST", "/tasks/batch", {"tasks": tasks})
    assert answer.status == 201, answer.body
    return list(answer.json()["task_ids"])


def test_a_stream_begins_now_and_tells_what_happens(fetch: Fetch) -> None:
    before = fetch.created()

    async def work() -> None:
        async with follow(fetch.port, "/events") as stream:
            assert stream.status == 200
            assert stream.headers["content-type"] == "text/event-stream"
            first = await stream.message()
            assert first is not None
            assert (first.id, first.data) == (1, None), "a place to come back to, though nothing has happened"
            (task_id,) = await create(fetch)
            assert task_id != before
            event = await stream.event()
            assert event == (await fetch.later("GET", "/events?after=1")).json()[0]
            assert (event["task_id"], event["kind"]) == (task_id, "create")

    run(fetch, work())


@pytest.mark.parametrize("path", ["/events?after=2", "/events?after=7"])
def test_a_stream_goes_on_after_the_last_event_that_was_seen(fetch: Fetch, path: str) -> None:
    task_ids = [fetch.created() for _ in range(10)]

    async def work() -> None:
        async with follow(fetch.port, path, Last_Event_ID="2") as stream:
            assert [event["task_id"] for event in await stream.events(8)] == task_ids[2:]
            (latest,) = await create(fetch)
            assert (await stream.event())["task_id"] == latest

    run(fetch, work())


def test_a_place_that_was_never_reached_means_now(fetch: Fetch) -> None:
    fetch.created()

    async def work() -> None:
        async with follow(fetch.port, "/events?after=999") as stream:
            (task_id,) = await create(fetch)
            assert (await stream.event())["task_id"] == task_id

    run(fetch, work())


def test_every_history_says_which_event_is_the_newest(fetch: Fetch) -> None:
    assert fetch("GET", "/events").headers["Waybill-Newest"] == "0"
    task_id, other = fetch.created(), fetch.created()
    newest = str(fetch("GET", "/events").json()[-1]["event_id"])
    for path in (
        "/events",
        "/events?after=23",
        "/events?limit=1",
        f"/tasks/{task_id}/events",
        f"/tasks/{other}/events",
    ):
        answer = fetch("GET", path)
        assert (answer.status, answer.headers["Waybill-Newest"]) == (200, newest)
    assert fetch("GET", "/events?after=23").json() == []

    async def work() -> None:
        for path in ("/events?after=23", f"/tasks/{task_id}/events"):
            async with follow(fetch.port, path) as stream:
                assert stream.headers["waybill-newest"] == newest

    run(fetch, work())


def test_a_task_is_followed_from_its_first_event_on(fetch: Fetch) -> None:
    fetch.created()
    task_id = fetch.created()

    async def work() -> None:
        async with follow(fetch.port, f"/tasks/{task_id}/events") as stream:
            assert (await stream.event())["kind"] == "create"
            await create(fetch, 3)
            await fetch.later("POST", f"/tasks/{task_id}/cancel")
            event = await stream.event()
            assert (event["task_id"], event["kind"], event["task_status"]) == (task_id, "cancel", 4)

    run(fetch, work())


def test_a_stream_can_be_of_a_type_or_of_a_status(fetch: Fetch) -> None:
    fetch.created()
    fetch("POST", "/task-types", {"name": "other", "handler": None}, token="admin-token")

    async def work() -> None:
        async with (
            follow(fetch.port, "/events?type=other&after=0") as of_type,
            follow(fetch.port, "/events?status=error&after=0") as of_status,
        ):
            (task_id,) = await create(fetch, type="other")
            (other,) = await create(fetch)
            await fetch.later("POST", f"/tasks/{other}/cancel")
            assert (await of_type.event())["task_id"] == task_id
            assert (await of_status.event())["task_id"] == other

    run(fetch, work())
    of_type = fetch("GET", "/events?type=other").json()
    assert [event["kind"] for event in of_type] == ["create"]
    assert {event["task_status"] for event in fetch("GET", "/events?status=4").json()} == {4}


@pytest.mark.parametrize("path", ["/events?after=0", "/events"])
def test_nothing_is_missed_or_doubled_under_load(fetch: Fetch, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Small pages and a short memory, so that followers fall behind it and catch up again."""
    monkeypatch.setattr(feed, "PAGE", 7)
    monkeypatch.setattr(feed, "KEPT", 10)
    monkeypatch.setattr(feed, "PAUSE", 0)

    async def collect(stream: Any, count: int) -> list[int]:
        return [event["event_id"] for event in await stream.events(count)]

    async def work() -> None:
        async with AsyncExitStack() as stack:
            followed = [await stack.enter_async_context(follow(fetch.port, path)) for _ in range(5)]
            collecting = [asyncio.ensure_future(collect(stream, 600)) for stream in followed]
            await asyncio.gather(*(create(fetch, size) for size in (1, 2, 3, 50, 100, 144, 30, 70, 200)))
            late = await stack.enter_async_context(follow(fetch.port, "/events?after=0"))
            found = [
                await collecting_one for collecting_one in [*collecting, asyncio.ensure_future(collect(late, 600))]
            ]
            assert found == [list(range(1, 601))] * 6

    run(fetch, work())


def test_commits_are_read_once_for_all_who_follow(fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    read = store.feed._read

    async def counted(task_id: str | None, after: int, limit: int) -> list[Line]:
        reads.append(after)
        return await read(task_id, after, limit)

    monkeypatch.setattr(store.feed, "_read", counted)

    async def work() -> None:
        async with AsyncExitStack() as stack:
            followed = [await stack.enter_async_context(follow(fetch.port, "/events")) for _ in range(8)]
            for stream in followed:
                await stream.message()
            for number in range(1, 4):
                await create(fetch)
                assert {(await stream.event())["event_id"] for stream in followed} == {number}
        assert reads == [0, 1, 2]

    run(fetch, work())


def test_a_silent_stream_beats_and_says_where_it_is(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_handler, "BEAT_SECONDS", 0.2)

    async def work() -> None:
        async with follow(fetch.port, "/events?type=nothing") as stream:
            await stream.message()
            await create(fetch)
            beat = await stream.message()
            while beat is not None and beat.id == 0:
                beat = await stream.message()
            assert beat is not None
            assert (beat.id, beat.data, beat.comment) == (1, None, "beat"), "what was not wanted is not read again"

    run(fetch, work())


def test_a_reader_that_does_not_read_is_cut_off(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, traffic: Traffic
) -> None:
    monkeypatch.setattr("waybill_api.http.long_answers.PATIENCE", 0.3)

    async def work() -> None:
        async with follow(fetch.port, "/events?after=0") as stream:
            task_ids = await create(fetch, 100)
            report = {"status": 2, "metadata": {"x": "y" * 60_000}}
            for task_id in task_ids * 4:
                await fetch.later("PATCH", f"/tasks/{task_id}", report, token=REPORTER)
            while traffic._under_way:
                await asyncio.sleep(0.02)
            received = await stream.rest()
            assert not received.endswith(b"0\r\n\r\n"), "it is no good end"

    run(fetch, work())


def test_a_stream_ends_in_good_order_when_the_server_stops(fetch: Fetch, traffic: Traffic) -> None:
    async def work() -> None:
        async with follow(fetch.port, "/events") as stream:
            await stream.message()
            traffic.close()
            assert await stream.message() is None
            assert await traffic.settle(PATIENCE)

    run(fetch, work())


def test_head_does_not_wait(fetch: Fetch) -> None:
    answer = fetch("HEAD", "/events", headers={"Accept": "text/event-stream"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/events?after=x", 422), ("/events?status=5", 422), ("/tasks/0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90/events", 404)],
)
def test_what_cannot_be_followed_is_refused_before_the_stream_begins(fetch: Fetch, path: str, status: int) -> None:
    answer = fetch("GET", path, headers={"Accept": "text/event-stream"})
    assert answer.status == status
    assert answer.code


async def delete(fetch: Fetch, task_id: str) -> None:
    assert (await fetch.later("POST", f"/tasks/{task_id}/cancel")).status == 200
    assert (await fetch.later("DELETE", f"/tasks/{task_id}", token=ADMIN)).status == 204


async def deletions(fetch: Fetch, *streams: Following) -> list[list[Any]]:
    """Return what each stream says of deletions so far: what it has to say is said before it looks a second time."""
    found: list[list[Any]] = [[] for _ in streams]
    for _ in range(2):
        (marker,) = await create(fetch, type="other")
        for stream, told in zip(streams, found, strict=True):
            data: Any = None
            while data is None or "event_id" not in data or data["task_id"] != marker:
                message = await stream.message()
                assert message is not None
                data = message.data
                if message.name == "deleted":
                    told.append(data)
    return found


def test_who_follows_is_told_of_deletions(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "other", "handler": None}, token=ADMIN)

    async def work() -> None:
        (one,), (other,) = await create(fetch), await create(fetch, type="other")
        async with (
            follow(fetch.port, "/events") as everything,
            follow(fetch.port, "/events?type=other") as of_type,
            follow(fetch.port, f"/tasks/{one}/events?after=1") as of_one,
            follow(fetch.port, f"/tasks/{other}/events?after=2") as of_other,
        ):
            for stream in (everything, of_type, of_one, of_other):
                await stream.message()
            await delete(fetch, one)
            await delete(fetch, other)
            assert await deletions(fetch, everything, of_type) == [
                [{"task_id": one}, {"task_id": other}],
                [{"task_id": other}],
            ]
            for stream, task_id in ((of_one, one), (of_other, other)):
                last = None
                while message := await stream.message():
                    last = message
                assert last is not None
                assert (last.name, last.data) == ("deleted", {"task_id": task_id}), "and the stream ends with it"

    run(fetch, work())


def test_who_comes_back_after_a_deletion_is_not_told_of_it(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "other", "handler": None}, token=ADMIN)

    async def work() -> None:
        (task_id,) = await create(fetch)
        async with follow(fetch.port, "/events") as stream:
            await stream.message()
            await delete(fetch, task_id)
            while (message := await stream.message()) is not None and message.name != "deleted":
                pass
        assert message is not None
        async with follow(fetch.port, "/events", Last_Event_ID=str(message.id)) as stream:
            assert await deletions(fetch, stream) == [[]]

    run(fetch, work())


def test_who_cannot_be_told_of_all_deletions_is_sent_away(fetch: Fetch, store: Store) -> None:
    async def work() -> None:
        async with follow(fetch.port, "/events") as stream:
            await stream.message()
            store.feed._deleted.clear()
            store.feed.deletions += 1
            await create(fetch)
            while await stream.message() is not None:
                pass

    run(fetch, work())


def test_a_page_of_chosen_events_is_looked_for_in_a_bounded_time(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOKED_AT", 10)
    fetch("POST", "/task-types", {"name": "other", "handler": None}, token=ADMIN)
    fetch.run(create(fetch, 25))
    wanted = fetch.run(create(fetch, 12, type="other"))
    for path, numbers in (
        ("/events?type=other&limit=4", [[], [], [26, 27, 28, 29], [30, 31, 32, 33], [34, 35, 36, 37]]),
        ("/events?status=error&limit=4", [[], [], [], []]),
        (f"/tasks/{wanted[0]}/events?status=1&limit=4", [[26]]),
    ):
        found, states = [], []
        following: str | None = path
        while following:
            answer = fetch("GET", following)
            found.append([event["event_id"] for event in answer.json()])
            states.append(answer.headers["Waybill-Search"])
            following = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
        assert found == numbers, path
        assert [state == "partial" for state in states[:-1]] == [not part for part in numbers[:-1]]
        assert states[-1] == "complete"
    whole = fetch("GET", "/events?type=other").json()
    assert [event["event_id"] for event in whole] == list(range(26, 38))


@pytest.mark.parametrize("chosen", [events.Chosen(type_name="other"), events.Chosen(status=Status.ERROR)])
def test_a_look_reads_the_history_by_its_numbers(fetch: Fetch, store: Store, chosen: events.Chosen) -> None:
    fetch.run(create(fetch, 3))
    asked: list[str] = []
    connection = store._database.connection()
    connection.set_trace_callback(asked.append)
    events.look(connection, chosen, 0, 5)
    connection.set_trace_callback(None)
    for sql in asked:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert plan[0].startswith("SEARCH events USING INTEGER PRIMARY KEY (rowid>?"), plan
        assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")], plan
