"""Whatever is sent, the answer is a problem with a stable code, and never a 500."""

import json
from typing import Any

import pytest

from tests.integration.talking import PROBLEM, REPORTER, Fetch

JSON = {"Content-Type": "application/json"}
GOOD = {"name": "Resize", "processing_time": 5}
UNKNOWN_ID = "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"


def _with_input(text: str) -> bytes:
    return f'{{"name": "x", "processing_time": 1, "input": {text}}}'.encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b" ", "not_json"),
        (b"name=x", "not_json"),
        (b"{'name': 'x'}", "not_json"),
        (b'{"name": "x",}', "not_json"),
        (b'{"name": "x"} {}', "not_json"),
        (b'{"name": "a\x00b", "processing_time": 1}', "not_json"),
        (b'\xef\xbb\xbf{"name": "x", "processing_time": 1}', "not_json"),
        (json.dumps(GOOD).encode("utf-16"), "not_json"),
        (json.dumps(GOOD).encode("utf-32"), "not_json"),
        (b'{"name": "\xff\xfe", "processing_time": 1}', "not_json"),
        (b'{"name": "\xed\xa0\x80", "processing_time": 1}', "not_json"),
        (_with_input("NaN"), "not_json"),
        (_with_input("Infinity"), "not_json"),
        (_with_input("-Infinity"), "not_json"),
        (_with_input("1e999"), "number_out_of_range"),
        (_with_input("-1e999"), "number_out_of_range"),
        (_with_input("9" * 5_000), "number_out_of_range"),
        (b'{"name": "x", "processing_time": %s}' % (b"9" * 5_000), "number_out_of_range"),
        (b'{"name": "x", "name": "y", "processing_time": 1}', "duplicate_key"),
        (_with_input('{"a": {"b": 1, "b": 1}}'), "duplicate_key"),
        (_with_input('"\\ud800"'), "bad_text"),
        (_with_input('["\\udfff\\ud800"]'), "bad_text"),
        (_with_input('{"\\ud800": 1}'), "bad_text"),
        (_with_input('"a\\u0000b"'), "bad_text"),
        (_with_input('{"a\\u0000": 1}'), "bad_text"),
        (b'{"name": "\\u0000", "processing_time": 1}', "bad_text"),
        (b"[" * 60_000, "too_deep"),
        (b'{"a":' * 12_000, "too_deep"),
        (_with_input("[" * 150 + "]" * 150), "too_deep"),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else value,
)
def test_what_is_no_strict_json_is_400(fetch: Fetch, body: bytes, code: str) -> None:
    answer = fetch("POST", "/tasks", body=body, headers=JSON)
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], {""}),
        ("text", {""}),
        (None, {""}),
        ({}, {"/name"}),
        (GOOD | {"name": ""}, {"/name"}),
        (GOOD | {"name": " \u2003\t"}, {"/name"}),
        (GOOD | {"name": "x" * 201}, {"/name"}),
        (GOOD | {"name": "two\nlines"}, {"/name"}),
        (GOOD | {"name": 5}, {"/name"}),
        (GOOD | {"name": None}, {"/name"}),
        (GOOD | {"processing_time": True}, {"/processing_time"}),
        (GOOD | {"processing_time": 1.0}, {"/processing_time"}),
        (GOOD | {"processing_time": "5"}, {"/processing_time"}),
        (GOOD | {"processing_time": -1}, {"/processing_time"}),
        (GOOD | {"processing_time": 86_401}, {"/processing_time"}),
        (GOOD | {"processing_time": 2**63}, {"/processing_time"}),
        (GOOD | {"processing_time": [5]}, {"/processing_time"}),
        ({"name": "x"}, {"/processing_time"}),
        (GOOD | {"priority": 101}, {"/priority"}),
        (GOOD | {"type": "no such type"}, {"/type"}),
        (GOOD | {"type": "unheard_of"}, {"/type"}),
        (GOOD | {"metadata": []}, {"/metadata"}),
        (GOOD | {"metadata": {"k" * 129: 1}}, {"/metadata/" + "k" * 129}),
        (GOOD | {"external_key": ""}, {"/external_key"}),
        (GOOD | {"status": 3, "attempt": 9, "a/b~c": 1}, {"/status", "/attempt", "/a~1b~0c"}),
        ({"name": "", "processing_time": -1, "typo": 1}, {"/name", "/processing_time", "/typo"}),
    ],
)
def test_what_is_no_task_is_422_and_names_every_bad_field(fetch: Fetch, body: Any, pointers: set[str]) -> None:
    answer = fetch("POST", "/tasks", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.pointers == pointers
    assert all(error["detail"] for error in answer.json()["errors"])


def test_a_bad_item_of_a_batch_is_named_by_its_place_and_nothing_is_created(fetch: Fetch) -> None:
    answer = fetch("POST", "/tasks/batch", {"tasks": [GOOD, GOOD | {"name": ""}, {"x": 1}]})
    assert (answer.status, answer.pointers) == (422, {"/tasks/1/name", "/tasks/2/name", "/tasks/2/x"})
    answer = fetch("POST", "/tasks/batch", {"tasks": [GOOD, GOOD | {"type": "unheard_of"}]})
    assert (answer.status, answer.pointers) == (422, {"/tasks/1/type"})
    assert fetch("GET", "/tasks").json() == []


def test_a_batch_holds_one_to_a_thousand_tasks(fetch: Fetch) -> None:
    assert fetch("POST", "/tasks/batch", {"tasks": []}).pointers == {"/tasks"}
    assert fetch("POST", "/tasks/batch", {"tasks": [GOOD] * 1_001}).pointers == {"/tasks"}


@pytest.mark.parametrize("task_id", ["nonsense", "1", UNKNOWN_ID, UNKNOWN_ID + "0", "%00", "..%2f", "%F0%9F%9A%82"])
@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("GET", ""),
        ("GET", "?wait=0.1"),
        ("GET", "/events"),
        ("GET", "/stages"),
        ("PATCH", ""),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ],
)
def test_an_unknown_or_impossible_id_is_404(fetch: Fetch, task_id: str, method: str, tail: str) -> None:
    body = {"status": 2} if method == "PATCH" else {}
    sent = {} if method == "GET" else {"json": body}
    answer = fetch(method, f"/tasks/{task_id}{tail}", token=REPORTER, **sent)
    assert (answer.status, answer.code) == (404, "task_not_found")


@pytest.mark.parametrize("path", ["/nope", "/tasks/", "/tasks/1/2/3", "//tasks", "/administer", "/.env", "/%ff"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_address_is_404(fetch: Fetch, method: str, path: str) -> None:
    answer = fetch(method, path)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO", "PREPARE", "_EXECUTE"])
def test_a_wrong_method_is_405_and_the_right_ones_are_named(fetch: Fetch, method: str) -> None:
    answer = fetch(method, "/tasks")
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/json",
        "application/jsonp",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/tasks"), ("POST", "/reports"), ("POST", "/task-types")])
def test_a_wrong_content_type_is_415_and_the_right_one_is_told(
    fetch: Fetch, method: str, path: str, kind: str | None
) -> None:
    sent = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    sent += "Authorization: Bearer admin-token\r\n" + (f"Content-Type: {kind}\r\n" if kind is not None else "")
    answer = fetch.raw(f"{sent}Content-Length: 2\r\n\r\n{{}}".encode())
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert PROBLEM.encode() in answer
    assert b'"unsupported_media_type"' in answer
    assert b"application/json" in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; Charset=UTF-8", "application/vnd.a.b+json"])
def test_every_spelling_of_json_is_taken(fetch: Fetch, kind: str) -> None:
    assert fetch("POST", "/tasks", GOOD, headers={"Content-Type": kind}).status == 201


def test_a_compressed_body_is_415(fetch: Fetch) -> None:
    assert fetch("POST", "/tasks", GOOD, headers={"Content-Encoding": "gzip"}).code == "unsupported_media_type"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("typo=1", {"typo"}),
        ("limit=0", {"limit"}),
        ("limit=1001", {"limit"}),
        ("limit=x", {"limit"}),
        ("limit=1&limit=2", {"limit"}),
        ("status=9", {"status"}),
        ("status=nope", {"status"}),
        ("cursor=%FF", {"cursor"}),
        ("cursor=abc", {"cursor"}),
        ("cursor=", {"cursor"}),
        ("created_after=yesterday", {"created_after"}),
        ("created_after=0.5", {"created_after"}),
        ("created_before=1700000000", {"created_before"}),
        ("created_before=2026-01-01T00:00Z", {"created_before"}),
        ("created_after=2026-01-01T00:00:00", {"created_after"}),
        ("type=No", {"type"}),
        ("limit=0&status=9&typo=", {"limit", "status", "typo"}),
        ("external_key=a%00b", {"external_key"}),
    ],
)
def test_a_bad_or_unknown_query_parameter_is_422(fetch: Fetch, query: str, parameters: set[str]) -> None:
    answer = fetch("GET", f"/tasks?{query}")
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.pointers == parameters


@pytest.mark.parametrize("wait", ["-1", "61", "nan", "inf", "x", "1e999"])
def test_a_wait_that_is_no_time_is_422(fetch: Fetch, wait: str) -> None:
    assert fetch("GET", f"/tasks/{fetch.created()}?wait={wait}").pointers == {"wait"}


@pytest.mark.parametrize("key", ["", "a b", "ключ".encode().decode("latin1"), "x" * 256])
def test_a_bad_idempotency_key_is_422(fetch: Fetch, key: str) -> None:
    answer = fetch("POST", "/tasks", GOOD, headers={"Idempotency-Key": key})
    assert (answer.status, answer.pointers) == (422, {"Idempotency-Key"})
