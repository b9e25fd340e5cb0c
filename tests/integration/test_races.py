"""Many at once, each on a connection of its own: one wins, and all are told the same."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.integration.talking import PATIENCE, REPORTER, Fetch, dumps, head_of

Reply = tuple[int, dict[str, str], Any]


async def _at_once(port: int, requests: Sequence[bytes]) -> list[Reply]:
    """Connect for every request first, then send all of them, and return the answers."""
    connections = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in requests))
    for (_, writer), request in zip(connections, requests, strict=True):
        writer.write(request)
    answers = await asyncio.gather(*(asyncio.wait_for(reader.read(), PATIENCE) for reader, _ in connections))
    for _, writer in connections:
        writer.close()
    parted = [head_of(answer) for answer in answers]
    return [(status, headers, json.loads(body)) for status, headers, body in parted]


def _post(path: str, body: Any, *headers: str) -> bytes:
    content = dumps(body)
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


def test_64_creates_with_one_key_make_one_task_and_are_answered_alike(fetch: Fetch) -> None:
    body = {"name": "Resize", "processing_time": 5}
    key = "Idempotency-Key: order-1"
    replies = fetch.run(_at_once(fetch.port, [_post("/tasks", body, key)] * 64))
    (task,) = fetch("GET", "/tasks").json()
    expected = (201, f"/tasks/{task['task_id']}", {"task_id": task["task_id"]})
    assert [(status, headers["location"], said) for status, headers, said in replies] == [expected] * 64

    other = [_post("/tasks", body | {"name": f"Other {number}"}, key) for number in range(64)]
    replies = fetch.run(_at_once(fetch.port, other))
    assert {(status, said["code"]) for status, _, said in replies} == {(422, "idempotency_key_reused")}
    assert len(fetch("GET", "/tasks").json()) == 1


def test_of_64_creates_with_one_key_and_two_bodies_those_of_one_body_win(fetch: Fetch) -> None:
    bodies = [{"name": f"Task {number % 2}", "processing_time": 5} for number in range(64)]
    replies = fetch.run(_at_once(fetch.port, [_post("/tasks", body, "Idempotency-Key: k") for body in bodies]))
    (task,) = fetch("GET", "/tasks").json()
    for body, (status, _, said) in zip(bodies, replies, strict=True):
        if body["name"] == task["name"]:
            assert (status, said) == (201, {"task_id": task["task_id"]})
        else:
            assert (status, said["code"]) == (422, "idempotency_key_reused")


def test_of_32_claims_of_one_run_one_wins(fetch: Fetch) -> None:
    task_id = fetch.created()
    said = {"task_id": task_id, "run": 1, "status": 2}
    claims = [said | {"claim": f"{number:032x}", "source": f"worker-{number}"} for number in range(32)]
    token = f"Authorization: Bearer {REPORTER}"
    replies = fetch.run(_at_once(fetch.port, [_post("/reports", {"reports": [one]}, token) for one in claims]))
    outcomes = [one["outcomes"][0]["outcome"] for _, _, one in replies]
    assert Counter(outcomes) == {"applied": 1, "refused": 31}
    winner = claims[outcomes.index("applied")]
    events = fetch("GET", f"/tasks/{task_id}/events").json()
    assert [one["source"] for one in events if (one["kind"], one["outcome"]) == ("claim", "applied")] == [
        winner["source"]
    ]
    finishes = [one | {"status": 3} for one in claims]
    replies = fetch.run(_at_once(fetch.port, [_post("/reports", {"reports": [one]}, token) for one in finishes]))
    ends = [one["outcomes"][0]["outcome"] for _, _, one in replies]
    assert [end == "applied" for end in ends] == [outcome == "applied" for outcome in outcomes]
