"""Bodies that are too large, too slow or unclear: sent as bytes, since no decent client would."""

import asyncio
import contextlib
import json
import re

import pytest
from tornado.ioloop import IOLoop

from tests.integration.talking import REPORTER, Fetch, head_of
from waybill_api.http.operation import BATCH_LIMIT, SINGLE_LIMIT
from waybill_api.sockets import connections, last_words
from waybill_api.sockets.patient_server import PatientServer

HEAD = b"POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GOOD = b'{"name": "x", "processing_time": 1}'


def _code(answer: bytes) -> tuple[int, str, str]:
    """Return status and code, and what is said of the connection."""
    status, headers, body = head_of(answer)
    assert headers["content-type"] == "application/problem+json"
    return status, json.loads(body)["code"], headers.get("connection", "")


def _padded(size: int) -> bytes:
    return GOOD + b" " * (size - len(GOOD))


def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_413(fetch: Fetch) -> None:
    headers = {"Content-Type": "application/json"}
    assert fetch("POST", "/tasks", body=_padded(SINGLE_LIMIT), headers=headers).status == 201
    answer = fetch("POST", "/tasks", body=_padded(SINGLE_LIMIT + 1), headers=headers)
    assert (answer.status, answer.code, answer.json()["limit"]) == (413, "too_large", SINGLE_LIMIT)


def test_a_length_that_is_too_large_is_413_before_anything_is_sent(fetch: Fetch) -> None:
    for length in ("200000000", "9" * 40, "9" * 5_000):
        sent = HEAD + f"Content-Length: {length}\r\n\r\n".encode()
        assert _code(fetch.raw(sent, b"x" * 100)) == (413, "too_large", "close")


def test_whoever_sends_200_megabytes_gets_to_read_the_413(fetch: Fetch) -> None:
    piece = b" " * 1_000_000
    answer = fetch.raw(HEAD + b"Content-Length: 200000000\r\n\r\n", *([piece] * 200))
    assert _code(answer) == (413, "too_large", "close")


def test_a_chunked_body_without_end_is_413(fetch: Fetch) -> None:
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    answer = fetch.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *([chunk] * 4), b"0\r\n\r\n")
    assert _code(answer) == (413, "too_large", "close")


def test_a_chunked_body_within_the_limit_is_taken(fetch: Fetch) -> None:
    chunks = b"".join(b"1\r\n" + GOOD[n : n + 1] + b"\r\n" for n in range(len(GOOD)))
    answer = fetch.raw(HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n", chunks, b"0\r\n\r\n")
    assert head_of(answer)[0] == 201


def test_whoever_asks_first_is_refused_without_being_told_to_go_on(fetch: Fetch) -> None:
    sent = HEAD + b"Expect: 100-continue\r\nContent-Length: 200000000\r\n\r\n"
    answer = fetch.raw(sent)
    assert b"100 " not in answer.partition(b"\r\n")[0]
    assert _code(answer)[:2] == (413, "too_large")
    sent = b"POST /task-types HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
    assert _code(fetch.raw(sent))[:2] == (401, "unauthenticated")


def test_whoever_asks_first_is_told_to_go_on(fetch: Fetch) -> None:
    sent = HEAD + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(GOOD)
    answer = fetch.raw(sent, GOOD, pause=0.05)
    assert answer.startswith(b"HTTP/1.1 100 ")
    assert b"HTTP/1.1 201 Created" in answer


def test_a_large_batch_is_taken_but_not_a_large_item_in_it(fetch: Fetch) -> None:
    task = {"name": "x", "processing_time": 1, "input": "y" * 60_000}
    assert fetch("POST", "/tasks/batch", {"tasks": [task] * 100}).status == 201
    answer = fetch("POST", "/tasks/batch", {"tasks": [task, task | {"input": "y" * 70_000}]})
    assert (answer.status, answer.code, answer.pointers) == (413, "too_large", {"/tasks/1"})
    headers = {"Content-Type": "application/json"}
    answer = fetch("POST", "/tasks/batch", body=b" " * (BATCH_LIMIT + 1), headers=headers)
    assert (answer.status, answer.code) == (413, "too_large")


def test_a_large_report_is_invalid_and_spoils_no_other(fetch: Fetch) -> None:
    task_id = fetch.created()
    reports = [{"task_id": task_id, "metadata": {"a": "x" * 70_000}}, {"task_id": task_id, "metadata": {"a": 1}}]
    answer = fetch("POST", "/reports", {"reports": reports}, token=REPORTER)
    assert [one["outcome"] for one in answer.json()["outcomes"]] == ["invalid", "applied"]


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: -1",
        b"Content-Length: +2",
        b"Content-Length: 0x2",
        b"Content-Length: 2, 3",
        "Content-Length: ٢".encode(),
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
    ],
)
def test_an_unclear_length_is_400_and_ends_the_connection(fetch: Fetch, framing: bytes) -> None:
    answer = fetch.raw(HEAD + framing + b"\r\n\r\n{}")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_refusal_keeps_the_connection_and_the_next_request_is_read_right(fetch: Fetch) -> None:
    refused = b"POST /task-types HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\n" + b"x" * 30
    missing = b"GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = fetch.raw(refused + missing + last)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"401", b"404", b"200"]


def test_requests_that_come_in_one_piece_are_answered_one_after_another(fetch: Fetch) -> None:
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    pieces = (request * 5, request * 5, request + request[:-20], request[-20:], last)
    answer = fetch.raw(*pieces, pause=0.05)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"201"] * 12 + [b"200"]


def test_what_is_sent_while_nobody_asks_for_it_is_not_taken_in(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    read = connections.PatientStream.read_from_fd

    def counted(stream: connections.PatientStream, buffer: bytearray | memoryview) -> int | None:
        size = read(stream, buffer)
        taken.append(size or 0)
        return size

    monkeypatch.setattr(connections.PatientStream, "read_from_fd", counted)
    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    waiting = f"GET /tasks/{fetch.created()}?wait=0.5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}"
    with contextlib.suppress(ConnectionError):
        fetch.raw(first, waiting.encode(), b"x" * 30_000_000, pause=0.05)
    assert 0 < sum(taken) < 1_000_000


def test_a_slow_head_is_closed_though_bytes_trickle_in(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    rest = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(GOOD) + GOOD
    assert fetch.raw(*(bytes([byte]) for byte in HEAD), rest, pause=0.02) == b""


def test_a_slow_head_is_closed_though_it_began_before_the_last_answer(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    assert fetch.raw(request + b"\r\n" + request).count(b"HTTP/1.1 200 OK") == 1


def test_a_request_that_came_before_the_last_answer_keeps_its_connection_busy(
    fetch: Fetch, io_loop: IOLoop, http_server: PatientServer
) -> None:
    drained: list[bool] = []

    async def drain() -> None:
        await asyncio.sleep(0.2)
        drained.append(await http_server.drain(0))

    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    second = f"GET /tasks/{fetch.created()}?wait=0.5 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    io_loop.spawn_callback(drain)
    assert fetch.raw(first + second.encode()).count(b"HTTP/1.1 200 OK") == 2
    assert drained == [False]


def test_an_idle_connection_is_kept_longer_than_a_slow_head(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    answer = fetch.raw(request + b"\r\n", request + b"Connection: close\r\n\r\n", pause=0.5)
    assert answer.count(b"HTTP/1.1 200 OK") == 2


def test_a_slow_body_is_closed_though_bytes_trickle_in(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 60)
    head = HEAD + b"Connection: close\r\n"
    fixed = head + b"Content-Length: %d\r\n\r\n" % (len(GOOD) + 30)
    assert fetch.raw(fixed, *([b" "] * 30), GOOD, pause=0.02) == b""
    chunked, last = head + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)
    assert fetch.raw(chunked, *([b"1\r\n \r\n"] * 30), last, pause=0.02) == b""
    monkeypatch.setattr(connections, "BODY_SECONDS", 60)
    for pieces in ((fixed, b" " * 30, GOOD), (chunked, last)):
        assert fetch.raw(*pieces, pause=0.02).startswith(b"HTTP/1.1 201 Created")


def test_a_connection_that_says_nothing_is_closed(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    assert fetch.raw(b"") == b""


def test_an_idle_connection_is_closed_in_the_end(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.3)
    answer = fetch.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 1


def test_a_request_may_wait_for_longer_than_any_head_or_body(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = fetch.created()
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(connections, name, 0.1)
    request = f"GET /tasks/{task_id}?wait=0.5 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert fetch.raw(request.encode()).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("rest", [b"\r\n\r\n", b"", b"\r\n\r\n" + b"y" * 3_000_000])
def test_a_head_that_is_too_long_is_told_so_and_its_connection_ends(fetch: Fetch, rest: bytes) -> None:
    sent = b"POST /tasks HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + rest
    assert _code(fetch.raw(sent)) == (431, "head_too_large", "close")


def test_many_headers_are_too_long_as_well_and_what_was_asked_before_is_answered(fetch: Fetch) -> None:
    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    answer = fetch.raw(first + b"\r\n" + first + b"X: y\r\n" * 4_000 + b"\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"431"]


def test_a_request_line_that_is_too_long_is_414(fetch: Fetch) -> None:
    sent = b"GET /tasks?q=" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert _code(fetch.raw(sent)) == (414, "target_too_long", "close")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz\r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: y\r\n folded\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \x00\r\n\r\n",
        b"GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"\x00\x01\x02",
        "ПОЛУЧИТЬ / HTTP/1.1\r\n\r\n".encode(),
        HEAD + b"Content-Length: 1, 2\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 200,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}garbage\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:40]),
)
def test_what_cannot_be_read_is_a_400_that_says_why_and_ends_the_connection(fetch: Fetch, sent: bytes) -> None:
    answer = fetch.raw(sent)
    status, code, connection = _code(answer)
    assert (status, code, connection) == (400, "bad_request", "close")
    assert answer.count(b"HTTP/1.1") == 1


def test_another_version_is_505(fetch: Fetch) -> None:
    for sent in (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /healthz HTTP/3.0\r\nHost: localhost\r\n\r\n"):
        assert _code(fetch.raw(sent)) == (505, "version_not_supported", "close")


def test_what_is_wrong_after_an_answer_is_not_answered_again(fetch: Fetch) -> None:
    oversize = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    answer = fetch.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + oversize * 6 + b"xyz\r\n")
    assert answer.count(b"HTTP/1.1") == 1
    assert _code(answer) == (413, "too_large", "close")


def test_a_connection_answered_for_the_last_time_does_not_stay(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_words, "LINGER_SECONDS", 0.2)

    async def send() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", fetch.port)
        writer.write(b"nonsense\r\n\r\n")
        await reader.read()
        is_reset = False
        for _ in range(100):
            await asyncio.sleep(0.05)
            try:
                writer.write(b"more")
                await writer.drain()
            except ConnectionError:
                is_reset = True
                break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return is_reset

    assert fetch.run(send())
