"""Bodies above 256 KiB are read in another process: with the same answers, within bounds, while others are served."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application

from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch
from waybill_api.http.bodies import pool
from waybill_api.http.bodies.pool import LARGE, Bodies
from waybill_api.problems import Refusal
from waybill_api.sockets import connections

TYPED = {"Content-Type": "application/json"}
INPUT = {"text": "ю", "numbers": [1, 2.5, None, True], "pad": "y" * 30_000}


@pytest.fixture
def bodies(app: Application) -> Iterator[Bodies]:
    """The lanes; what they have started ends with the test."""
    found: Bodies = app.settings["bodies"]
    yield found
    found.close()
    for one in (found.clients, found.reporters):
        assert one._process is None
        assert one._left == pool.ROOM
        assert not one._waiting


def batch(**fields: Any) -> dict[str, Any]:
    """Return twenty tasks that are too large to be read on the loop."""
    return {"tasks": [{"name": f"task {n}", "processing_time": n, "input": INPUT} | fields for n in range(20)]}


def process_of(bodies: Bodies) -> int:
    assert bodies.clients._process is not None
    return bodies.clients._process.pid


def test_a_large_batch_is_created_as_it_was_sent(fetch: Fetch, bodies: Bodies) -> None:
    sent = batch(metadata={"user": "ю", "n": [1, {"a": None}]})
    answer = fetch("POST", "/tasks/batch", sent)
    assert answer.status == 201
    assert process_of(bodies)
    for task_id, given in zip(answer.json()["task_ids"], sent["tasks"], strict=True):
        task = fetch("GET", f"/tasks/{task_id}").json()
        assert {name: task[name] for name in given} == given


def test_small_bodies_start_no_process(fetch: Fetch, bodies: Bodies) -> None:
    fetch("POST", "/tasks/batch", {"tasks": batch()["tasks"][:5]})
    assert bodies.clients._process is None


def test_what_is_wrong_is_said_of_a_large_batch_as_of_a_small_one(fetch: Fetch, bodies: Bodies) -> None:
    for wrong in (
        [{"name": "", "processing_time": -1, "colour": "red"}, 7, None, {"processing_time": 1}],
        [{"name": "x", "processing_time": 1, "metadata": {"": 1}}, [[]], {}],
    ):
        small, large = {"tasks": wrong}, {"tasks": [*wrong, *batch()["tasks"]]}
        answers = [fetch("POST", "/tasks/batch", sent) for sent in (small, large)]
        assert answers[0].status == answers[1].status == 422
        assert answers[0].json() == answers[1].json()
    process_of(bodies)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"tasks":[' + b"[" * 200_000 + b"]" * 200_000 + b"]}", 400, "too_deep"),
        (b'{"tasks":[%s[]]}' % (b"[]," * 500_001), 413, "too_complex"),
        (b'{"tasks":["%s"]}' % (b":" * 1_200_001), 413, "too_complex"),
        (b'{"tasks":[%s1]}' % (b"1," * 200_000), 422, "invalid"),
        (b'{"tasks":[1' + b" " * LARGE, 400, "not_json"),
        (b'{"tasks":[{"a":1,"a":2}]}' + b" " * LARGE, 400, "duplicate_key"),
        (b'{"tasks":["\\u0000"]}' + b" " * LARGE, 400, "bad_text"),
        (b"\xff" * (LARGE + 1), 400, "not_json"),
        (b'{"tasks":[{"name":"x","processing_time":1,"input":"%s"}]}' % (b"y" * LARGE), 413, "too_large"),
        (b'{"tasks":[], "more": "%s"}' % (b"y" * LARGE), 422, "invalid"),
        (b"[%s]" % (b" " * LARGE), 422, "invalid"),
    ],
    ids=["deep", "arrays", "keys", "numbers", "cut", "twice", "NUL", "no text", "an item", "a field", "a list"],
)
def test_a_hostile_body_is_refused_with_its_code(
    fetch: Fetch, bodies: Bodies, body: bytes, status: int, code: str
) -> None:
    answer = fetch("POST", "/tasks/batch", body=body, headers=TYPED)
    assert (answer.status, answer.code) == (status, code)


def test_of_many_errors_the_first_are_named(fetch: Fetch, bodies: Bodies) -> None:
    unknown = {f"field {number}": 0 for number in range(1_000)}
    for count in (1, 500):
        answer = fetch("POST", "/tasks/batch", {"tasks": [unknown] * count})
        assert (answer.status, answer.code, len(answer.json()["errors"])) == (422, "invalid", 100)
        assert answer.json()["detail"] == "At least 100 fields are wrong."
        assert answer.pointers == {f"/tasks/0/field {number}" for number in range(100)}
    answer = fetch("POST", "/tasks", unknown)
    assert (answer.status, len(answer.json()["errors"])) == (422, 100)
    answer = fetch("POST", "/tasks/batch", {"tasks": [{"name": 1}] * 60})
    assert answer.json()["detail"] == "60 fields are wrong."


def test_many_large_reports_get_an_outcome_each(fetch: Fetch, bodies: Bodies) -> None:
    fetch("POST", "/task-types", {"name": "parcel"}, token=ADMIN)
    task_id = fetch.created(type="parcel")
    reports = [{"task_id": task_id, "status": 2, "note": "y" * 30_000, "seq": seq} for seq in range(1, 21)]
    sent = {"reports": [*reports, {"status": 2}, 7, {"task_id": task_id, "metadata": {"a": "y" * 70_000}}]}
    answer = fetch("POST", "/reports", sent, token=REPORTER)
    assert answer.status == 200
    outcomes = [one["outcome"] for one in answer.json()["outcomes"]]
    assert outcomes == ["applied", *["duplicate"] * 19, "invalid", "invalid", "invalid"]
    assert bodies.clients._process is None
    history = fetch("GET", f"/tasks/{task_id}/events").json()
    assert history[1]["note"] == "y" * 30_000


def test_a_large_batch_may_be_repeated_by_its_key_however_it_is_written(fetch: Fetch, bodies: Bodies) -> None:
    headers = {"Idempotency-Key": "k", **TYPED}
    sent = batch()
    small = {"tasks": sent["tasks"][:8]}
    first = fetch("POST", "/tasks/batch", body=json.dumps(small).encode(), headers=headers)
    process = bodies.clients._process
    padded = json.dumps({"tasks": [dict(reversed(task.items())) for task in small["tasks"]]}).encode() + b" " * LARGE
    again = fetch("POST", "/tasks/batch", body=padded, headers=headers)
    other = fetch("POST", "/tasks/batch", body=json.dumps(sent).encode(), headers=headers)
    assert process is None
    assert (first.status, again.status, again.json()) == (201, 201, first.json())
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_process_that_was_killed_is_replaced(fetch: Fetch, bodies: Bodies) -> None:
    fetch("POST", "/tasks/batch", batch())
    first = process_of(bodies)
    os.kill(first, signal.SIGKILL)
    assert fetch("POST", "/tasks/batch", batch()).status == 201
    assert process_of(bodies) != first


def test_a_body_that_takes_too_long_is_refused_and_the_next_one_read(
    fetch: Fetch, bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch("POST", "/tasks/batch", batch())
    os.kill(process_of(bodies), signal.SIGSTOP)
    monkeypatch.setattr(pool, "READ_SECONDS", 0.3)
    answer = fetch("POST", "/tasks/batch", batch())
    assert (answer.status, answer.code) == (413, "too_complex")
    monkeypatch.setattr(pool, "READ_SECONDS", 60)
    assert fetch("POST", "/tasks/batch", batch()).status == 201


def test_others_are_served_while_a_body_is_read(fetch: Fetch, bodies: Bodies) -> None:
    fetch("POST", "/tasks/batch", batch())
    os.kill(process_of(bodies), signal.SIGSTOP)

    async def both() -> tuple[list[int], Answer]:
        reading = asyncio.ensure_future(fetch.later("POST", "/tasks/batch", batch()))
        found = [(await fetch.later("GET", "/healthz")).status for _ in range(3)]
        found.append((await fetch.later("POST", "/reports", {"reports": [1] * 150_000}, token=REPORTER)).status)
        assert not reading.done()
        os.kill(process_of(bodies), signal.SIGCONT)
        return found, await reading

    found, answer = fetch.run(both())
    assert (found, answer.status) == ([200, 200, 200, 422], 201)


def test_where_there_is_no_room_senders_wait_and_then_are_told_to_come_back(
    fetch: Fetch, bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", 5)
    fetch("POST", "/tasks/batch", batch())

    async def take() -> None:
        await bodies.clients.take_room(pool.ROOM)

    async def wait() -> Answer:
        sending = asyncio.ensure_future(fetch.later("POST", "/tasks/batch", batch()))
        while not bodies.clients._waiting:
            await asyncio.sleep(0.01)
        bodies.clients.give_room(pool.ROOM)
        return await sending

    fetch.run(take())
    assert fetch.run(wait()).status == 201
    fetch.run(take())
    monkeypatch.setattr(pool, "WAIT_SECONDS", 0.1)
    answer = fetch("POST", "/tasks/batch", batch())
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "overloaded", "5")
    bodies.clients.give_room(pool.ROOM)


def test_whoever_gives_up_lets_smaller_ones_pass(fetch: Fetch, bodies: Bodies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WAIT_SECONDS", 0.2)

    async def wait() -> None:
        await bodies.clients.take_room(pool.ROOM - 100)
        large = asyncio.ensure_future(bodies.clients.take_room(1_000))
        await asyncio.sleep(0.1)
        await bodies.clients.take_room(50)
        with pytest.raises(Refusal):
            await large
        bodies.clients.give_room(pool.ROOM - 50)

    fetch.run(wait())


def test_whoever_leaves_leaves_no_room_taken(fetch: Fetch, bodies: Bodies) -> None:
    head = b"POST /tasks/batch HTTP/1.1\r\nHost: localhost\r\n"
    head += b"Content-Type: application/json\r\nContent-Length: 8000000\r\n\r\n"

    async def leave() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", fetch.port)
        writer.write(head + b" " * 1_000_000)
        while bodies.clients._left == pool.ROOM:
            await asyncio.sleep(0.01)
        writer.close()
        while bodies.clients._left < pool.ROOM:
            await asyncio.sleep(0.01)

    fetch.run(asyncio.wait_for(leave(), 30))


def test_the_process_ends_with_the_api(fetch: Fetch, bodies: Bodies) -> None:
    fetch("POST", "/tasks/batch", batch())
    process = process_of(bodies)
    bodies.close()
    assert not Path(f"/proc/{process}").exists()
