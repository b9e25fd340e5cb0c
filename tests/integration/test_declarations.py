"""Declarations: what the code of a handler says of its type, beside what people have set."""

from typing import Any

import pytest

from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch

WIDTH = {"type": "object", "properties": {"width": {"type": "integer"}}, "required": ["width"]}
SAID = {"handler": "resize", "title": "Resize", "max_attempts": 3, "timeout": 9, "input_schema": WIDTH}


def declare(fetch: Fetch, body: Any, name: str = "resize", token: str | None = REPORTER) -> Answer:
    return fetch("PUT", f"/task-types/{name}/declaration", body, token=token)


def test_a_missing_type_is_made_of_what_its_code_says(fetch: Fetch) -> None:
    made = declare(fetch, SAID)
    assert (made.status, made.headers["Location"]) == (201, "/task-types/resize")
    assert made.json() | SAID == made.json()
    assert (made.json()["declared"], made.json()["edited"], made.json()["served"]) == (SAID, [], False)
    again = declare(fetch, SAID)
    assert (again.status, again.json(), again.headers["ETag"]) == (200, made.json(), made.headers["ETag"])
    assert fetch("GET", "/task-types/resize").json() == made.json()


def test_the_last_declaration_counts_and_what_it_leaves_out_is_as_if_never_declared(fetch: Fetch) -> None:
    declare(fetch, SAID)
    said = {"stages": ["fetch", "scale"], "min_backoff": 2.5, "secret": ["password"]}
    now = declare(fetch, said).json()
    assert now | said == now
    left = ("handler", "title", "max_attempts", "timeout", "input_schema", "declared")
    assert [now[name] for name in left] == [None, "", 1, None, None, said]


def test_a_field_that_a_person_has_set_stays_and_both_are_shown(fetch: Fetch) -> None:
    declare(fetch, SAID)
    seen = declare(fetch, SAID | {"max_attempts": 4}).headers["ETag"]
    fetch("PATCH", "/task-types/resize", {"max_attempts": 4}, token=ADMIN)
    assert declare(fetch, SAID).headers["ETag"] == seen, "it is as it was, whatever is declared"
    edited = fetch("PATCH", "/task-types/resize", {"max_attempts": 5, "paused": True}, token=ADMIN).json()
    assert edited["edited"] == ["max_attempts"]
    now = declare(fetch, SAID | {"max_attempts": 7, "timeout": 8}).json()
    assert (now["max_attempts"], now["timeout"], now["paused"]) == (5, 8, True)
    assert (now["declared"]["max_attempts"], now["edited"]) == (7, ["max_attempts"])


def test_a_type_that_a_person_has_made_takes_only_what_is_missing(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "resize", "handler": "scale", "max_backoff": 1.5}, token=ADMIN)
    now = declare(fetch, SAID | {"min_backoff": 9.0, "max_backoff": 10.0}).json()
    assert (now["handler"], now["max_backoff"], now["min_backoff"]) == ("scale", 1.5, 1.5)
    assert (now["title"], now["input_schema"], now["edited"]) == ("Resize", WIDTH, ["handler", "max_backoff", "stages"])
    fetch("POST", "/task-types", {"name": "parcel"}, token=ADMIN)
    parcel = declare(fetch, SAID, "parcel").json()
    assert (parcel["handler"], parcel["served"], parcel["title"]) == (None, None, "Resize")


def test_a_type_is_served_while_live_workers_have_all_its_handlers(fetch: Fetch) -> None:
    before = declare(fetch, {"stages": ["fetch", "scale"]})
    for worker, handlers, served in (("one", ["fetch"], False), ("two", ["scale", "x"], True)):
        fetch("POST", f"/workers/{worker}/heartbeat", {"handlers": handlers}, token=REPORTER)
        shown = fetch("GET", "/task-types/resize")
        assert (shown.json()["served"], shown.headers["ETag"]) == (served, before.headers["ETag"])
    assert {one["name"]: one["served"] for one in fetch("GET", "/task-types").json()} == {
        "resize": True,
        "sleep": False,
    }
    headers = {"If-Match": before.headers["ETag"]}
    assert fetch("PATCH", "/task-types/resize", {"priority": 1}, token=ADMIN, headers=headers).status == 200


def test_only_workers_and_administrators_declare(fetch: Fetch) -> None:
    assert [declare(fetch, SAID, token=token).status for token in (None, "wrong", ADMIN)] == [401, 401, 201]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {""}),
        ({"handler": "a", "stages": ["a"]}, {""}),
        ({"handler": None, "stages": None}, {""}),
        ({"handler": "a", "name": "b"}, {"/name"}),
        ({"handler": "a", "paused": True}, {"/paused"}),
        ({"handler": "a", "min_backoff": 301.0}, {""}),
        ({"handler": "a", "secret": ["x", "x"]}, {"/secret"}),
        ({"handler": "a", "secret": "x"}, {"/secret"}),
        ({"handler": "a", "input_schema": []}, {"/input_schema"}),
        ({"handler": "a", "input_schema": {"x": "y" * 16_385}}, {"/input_schema"}),
    ],
)
def test_a_malformed_declaration_is_422(fetch: Fetch, body: Any, pointers: set[str]) -> None:
    answer = declare(fetch, body)
    assert (answer.status, answer.pointers) == (422, pointers)
    assert fetch("GET", "/task-types/resize").status == 404
