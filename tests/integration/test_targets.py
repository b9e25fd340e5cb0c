"""Requests with a target other than a path, and clients that close their sending side before the answer."""

import asyncio
import json
import re
from collections.abc import Mapping

import pytest

from tests.integration.following import Following
from tests.integration.talking import Fetch, head_of
from waybill_api.handlers import events

CREATE = b"POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = b'{"name": "x", "processing_time": 1}'


def _ask(fetch: Fetch, line: str, host: str | None = "localhost") -> tuple[int, dict[str, str], bytes]:
    given = "" if host is None else f"Host: {host}\r\n"
    return head_of(fetch.raw(f"{line}\r\n{given}Connection: close\r\n\r\n".encode()))


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost/healthz",
        "http://localhost:8000/healthz",
        "HTTP://LocalHost:1/healthz",
        "https://127.0.0.1/healthz",
        "http://[::1]:8000/healthz",
        "http://localhost/healthz?",
    ],
)
def test_an_address_with_scheme_and_host_is_as_good_as_its_path(fetch: Fetch, target: str) -> None:
    assert _ask(fetch, f"GET {target} HTTP/1.1")[0] == 200
    assert _ask(fetch, f"HEAD {target} HTTP/1.1")[0] == 200


def test_an_address_without_a_path_is_the_start_page(fetch: Fetch) -> None:
    for target in ("http://localhost", "http://localhost:80", "http://localhost/", "http://localhost?"):
        status, headers, _ = _ask(fetch, f"GET {target} HTTP/1.1")
        assert (status, headers["location"]) == (302, "/admin/")


def test_what_follows_the_path_counts(fetch: Fetch) -> None:
    fetch.created(name="one")
    fetch.created(name="two")
    status, headers, body = _ask(fetch, "GET http://localhost/tasks?limit=1 HTTP/1.1")
    assert (status, body.count(b'"task_id"'), b'"one"' in body) == (200, 1, True)
    assert headers["link"].startswith("</tasks?limit=1")


def test_the_host_of_the_address_counts_and_not_the_header(fetch: Fetch) -> None:
    assert _ask(fetch, "GET http://elsewhere.example/healthz HTTP/1.1")[0] == 421
    assert _ask(fetch, "GET http://localhost/healthz HTTP/1.1", host="elsewhere.example")[0] == 200
    assert _ask(fetch, "GET http://localhost/healthz HTTP/1.0", host=None)[0] == 200


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://localhost/healthz", None),
        ("http://localhost/healthz", "a, b"),
        ("http:///healthz", "localhost"),
        ("http://user@localhost/healthz", "localhost"),
        ("http://localhost/healthz#part", "localhost"),
        ("ftp://localhost/healthz", "localhost"),
        ("localhost/healthz", "localhost"),
    ],
)
def test_an_address_that_makes_no_sense_is_400(fetch: Fetch, target: str, host: str | None) -> None:
    status, headers, body = _ask(fetch, f"GET {target} HTTP/1.1", host)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["detail"].startswith("The request cannot be read: M")


def test_the_server_as_a_whole_names_its_methods(fetch: Fetch) -> None:
    for target in ("*", "http://localhost"):
        status, headers, body = _ask(fetch, f"OPTIONS {target} HTTP/1.1")
        assert (status, headers["allow"], body) == (204, "delete, get, head, options, patch, post", b"")


async def _ended(port: int, *sent: bytes, pause: float = 0.0) -> bytes:
    """Send bytes, end what is sent, and return all that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in sent:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        (CREATE + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,),
        (CREATE[:20], CREATE[20:], b"Content-Length: %d\r\n\r\n" % len(BODY), BODY[:5], BODY[5:]),
        (CREATE + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY) + BODY, b"\r\n0\r\n\r\n"),
        (CREATE + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,),
    ],
)
@pytest.mark.parametrize("pause", [0, 0.02])
def test_who_sends_nothing_more_is_answered(fetch: Fetch, sent: tuple[bytes, ...], pause: float) -> None:
    status, _, body = head_of(fetch.run(_ended(fetch.port, *sent, pause=pause)))
    assert status == 201
    assert "task_id" in json.loads(body)


def test_all_that_was_asked_before_the_end_is_answered(fetch: Fetch) -> None:
    create = CREATE + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    answer = fetch.run(_ended(fetch.port, create * 3 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"201", b"201", b"201", b"200"]


def test_a_long_list_is_sent_to_its_end(fetch: Fetch) -> None:
    tasks = [{"name": "x", "processing_time": 1, "input": "y" * 50_000}] * 100
    assert fetch("POST", "/tasks/batch", {"tasks": tasks}).status == 201
    answer = fetch.run(_ended(fetch.port, b"GET /tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    assert answer.count(b'"task_id"') == 100
    assert answer.endswith(b"0\r\n\r\n")


def test_what_was_cut_off_is_not_answered_and_does_nothing(fetch: Fetch) -> None:
    for part in (b"", CREATE, CREATE + b"Content-Length: 35\r\n\r\n{"):
        assert fetch.run(_ended(fetch.port, part)) == b""
    assert fetch("GET", "/tasks").json() == []


def test_a_long_poll_whose_client_may_have_left_is_answered_as_things_stand(fetch: Fetch) -> None:
    request = f"GET /tasks/{fetch.created()}?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    for pause in (0, 0.1):
        status, _, body = head_of(fetch.run(_ended(fetch.port, request, pause=pause)))
        assert (status, json.loads(body)["status"]) == (200, 1)


def test_a_stream_goes_on_for_a_client_that_only_listens(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "TRY_SECONDS", 0.05)

    async def listen() -> tuple[Mapping[str, object], str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", fetch.port)
        writer.write(b"GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        writer.write_eof()
        await reader.readuntil(b"\r\n\r\n")
        stream = Following(reader, 200, {})
        await stream.message()
        comment = await stream.message()
        task_id = (await fetch.later("POST", "/tasks", {"name": "x", "processing_time": 1})).json()["task_id"]
        event = await stream.event()
        writer.close()
        assert comment is not None
        assert event["task_id"] == task_id
        return event, comment.comment

    event, comment = fetch.run(asyncio.wait_for(listen(), 30))
    assert (event["kind"], comment) == ("create", "beat")


def test_a_stream_ends_soon_after_its_client_has_left(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "TRY_SECONDS", 0.05)
    open_streams: list[int] = []
    live = events.EventsHandler._live

    async def counted(*arguments: object) -> object:
        open_streams.append(1)
        try:
            async for chunk in live(*arguments):  # type: ignore[arg-type]
                yield chunk
        finally:
            open_streams.pop()

    monkeypatch.setattr(events.EventsHandler, "_live", counted)

    async def leave() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", fetch.port)
        writer.write(b"GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        await reader.readuntil(b"retry")
        assert open_streams
        writer.close()
        while open_streams:
            await asyncio.sleep(0.02)

    fetch.run(asyncio.wait_for(leave(), 30))
