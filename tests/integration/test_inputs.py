"""Inputs of tasks: those that do not fit the schema of their type are refused, with all that is wrong."""

import json
from typing import Any

import pytest

from tests.integration.talking import ADMIN, Answer, Fetch

RESIZE = {
    "type": "object",
    "properties": {
        "width": {"type": "integer", "minimum": 1},
        "height": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 600},
        "format": {"enum": ["png", "jpeg"]},
        "a/b~c": {"type": "string"},
    },
    "required": ["width"],
    "additionalProperties": False,
}


def make(fetch: Fetch, schema: Any, name: str = "resize", **fields: Any) -> Answer:
    body = {"name": name, "handler": "resize", "input_schema": schema, **fields}
    return fetch("POST", "/task-types", body, token=ADMIN)


def complaints(answer: Answer) -> dict[str, str]:
    assert answer.status == 422
    return {one["pointer"]: one["detail"] for one in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, {"/input/width": "is required"}),
        (None, {"/input/width": "is required"}),
        ([1], {"/input": 'is not of type "object"'}),
        ({"width": "3"}, {"/input/width": 'is not of type "integer"'}),
        (
            {"width": 0, "height": "x", "format": "gif", "more": 1, "a/b~c": 2},
            {
                "/input/width": "is less than the minimum of 1",
                "/input/height": 'is not of type "integer"; or: is not of type "null"',
                "/input/format": 'is not one of "png" or "jpeg"',
                "/input/more": "unknown field",
                "/input/a~1b~0c": 'is not of type "string"',
            },
        ),
    ],
)
def test_an_input_that_does_not_fit_is_refused_with_all_that_is_wrong(
    fetch: Fetch, given: Any, wrong: dict[str, str]
) -> None:
    make(fetch, RESIZE)
    assert complaints(fetch("POST", "/tasks", {"name": "x", "type": "resize", "input": given})) == wrong
    batch = {"tasks": [{"name": "x", "type": "resize", "input": one} for one in ({"width": 1}, given)]}
    moved = {pointer.replace("/input", "/tasks/1/input"): detail for pointer, detail in wrong.items()}
    assert complaints(fetch("POST", "/tasks/batch", batch)) == moved
    assert fetch("GET", "/tasks").json() == []


def test_an_input_that_fits_is_kept_as_it_is(fetch: Fetch) -> None:
    make(fetch, RESIZE)
    given = {"width": 10**30, "a/b~c": "\u20ac \U0001f600"}
    made = fetch("POST", "/tasks", {"name": "x", "type": "resize", "input": given})
    assert fetch("GET", made.headers["Location"]).json()["input"] == given
    make(fetch, {"properties": {"a": {"type": "integer"}}}, "loose")
    assert fetch("POST", "/tasks", {"name": "x", "type": "loose"}).status == 201


def test_a_change_of_the_schema_counts_at_once_but_not_for_what_is_sent_again(fetch: Fetch) -> None:
    make(fetch, None)
    body, again = {"name": "x", "type": "resize", "input": 5}, {"Idempotency-Key": "k"}
    first = fetch("POST", "/tasks", body, headers=again).json()
    fetch("PATCH", "/task-types/resize", {"input_schema": RESIZE}, token=ADMIN)
    assert fetch("POST", "/tasks", body).status == 422
    assert fetch("POST", "/tasks", body, headers=again).json() == first
    assert fetch("POST", "/tasks", body, headers={"Idempotency-Key": "other"}).status == 422
    fetch("PATCH", "/task-types/resize", {"input_schema": None}, token=ADMIN)
    assert fetch("POST", "/tasks", body).status == 201


@pytest.mark.parametrize("padding", [0, 400_000])
def test_a_thousand_wrong_tasks_are_told_the_first_hundred(fetch: Fetch, padding: int) -> None:
    make(fetch, RESIZE)
    tasks = [{"name": "x", "type": "resize", "input": {"width": "x" * (padding // 1_000)}} for _ in range(1_000)]
    answer = fetch("POST", "/tasks/batch", {"tasks": tasks})
    found = complaints(answer)
    assert list(found) == [f"/tasks/{number}/input/width" for number in range(100)]
    assert answer.json()["detail"].startswith("At least 100")


def test_an_input_is_judged_within_bounds_whatever_it_holds(fetch: Fetch) -> None:
    make(fetch, {"items": {"type": "string"}}, "words")
    many = fetch("POST", "/tasks", {"name": "x", "type": "words", "input": [1] * 20_000})
    assert complaints(many) == {"/input": "does not fit the schema of its type, and is too large to say where"}
    make(fetch, {"items": {"allOf": [{"type": "integer"}] * 300}}, "wide")
    much = fetch("POST", "/tasks", {"name": "x", "type": "wide", "input": [1] * 20_000})
    assert complaints(much) == {"/input": "has too many values, or too long ones, for the schema of its type"}
    assert fetch("POST", "/tasks", {"name": "x", "type": "wide", "input": [1] * 300}).status == 201


def doubling(levels: int) -> dict[str, Any]:
    """Return a small schema that asks two questions about each answer."""
    parts = {f"p{n}": {"allOf": [{"$ref": f"#/$defs/p{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/p0", "$defs": {**parts, f"p{levels}": {"type": "object"}}}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ([], "Input should be an object"),
        ({"type": "whatever"}, "is no JSON Schema: /type"),
        ({"properties": {"a": {"minimum": "1"}}}, 'is no JSON Schema: /properties/a/minimum is not of type "number"'),
        ({"$comment": "x" * 16_384}, "must not be larger than 16 KiB"),
        ({"$ref": "https://example.com/schema.json"}, "is no JSON Schema: each $ref must lead"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "is no JSON Schema: each $ref must lead"),
        ({"$ref": "#/$defs/missing"}, "is no JSON Schema: each $ref must lead"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "must be JSON Schema 2020-12"),
        ({"$schema": 5}, "is no JSON Schema"),
        ({"pattern": "("}, "is no JSON Schema: /pattern is no regular expression"),
        ({"pattern": "^(?=.*a).*$"}, "is no JSON Schema: /pattern is no regular expression"),
        ({"pattern": "((a{1,99}){1,99}){1,99}"}, "is no JSON Schema: /pattern is no regular expression"),
        ({"pattern": ".{5001}"}, ""),
        ({"unevaluatedProperties": False}, "uses unevaluatedProperties, which is not supported"),
        (doubling(30), "is too complex"),
        ({"properties": {"a": {"allOf": [{"$ref": "#"}] * 2}}}, "is too complex"),
    ],
)
def test_what_is_no_schema_or_may_take_long_is_refused_when_it_is_set(fetch: Fetch, schema: Any, said: str) -> None:
    found = complaints(make(fetch, schema))
    assert list(found) == ["/input_schema"]
    assert said in found["/input_schema"]
    assert "Traceback" not in str(found)


def test_a_catastrophic_pattern_takes_linear_time(fetch: Fetch) -> None:
    assert make(fetch, {"pattern": "^(a+)+$"}).status == 201
    answer = fetch("POST", "/tasks", {"name": "x", "type": "resize", "input": "a" * 60_000 + "b"})
    assert complaints(answer) == {"/input": 'does not match "^(a+)+$"'}


def test_a_schema_may_refer_to_itself(fetch: Fetch) -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}, "x": {"$ref": "#/$defs/a%5Bb%5D"}}}
    make(fetch, tree | {"$defs": {"a[b]": {"type": "integer"}}})
    deep: dict[str, Any] = {"x": "wrong"}
    for _ in range(60):
        deep = {"next": deep}
    answer = fetch("POST", "/tasks", {"name": "x", "type": "resize", "input": deep})
    assert complaints(answer) == {f"/input{'/next' * 60}/x": 'is not of type "integer"'}


def test_a_complaint_never_repeats_a_value(fetch: Fetch) -> None:
    secrets = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"const": 1}, "c": {"not": {}}}}
    make(fetch, secrets)
    given = {"a": "hunter2", "b": "hunter2", "c": "hunter2"}
    answer = fetch("POST", "/tasks", {"name": "x", "type": "resize", "input": given})
    assert answer.status == 422
    assert "hunter2" not in json.dumps(answer.json())
