"""The description of the API is valid, complete and true."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from openapi_spec_validator import validate

from tests.integration.talking import ADMIN, Fetch
from waybill_api.store.store import Store


@pytest.fixture
def document(fetch: Fetch) -> dict[str, Any]:
    """What the API says of itself."""
    described: dict[str, Any] = fetch("GET", "/api/openapi.json").json()
    return described


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    jsonschema.Draft202012Validator(schema | {"components": document["components"]}).validate(value)


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1.")


def test_the_assignments_link_leads_to_the_create(document: dict[str, Any]) -> None:
    create = document["paths"]["/tasks"]["post"]
    assert (create["operationId"], create["tags"]) == ("tasks_api_create_task", ["default"])


def test_every_call_is_described_with_examples_that_hold(document: dict[str, Any]) -> None:
    for path, method, operation in _operations(document):
        assert operation["summary"], (path, method)
        contents = [operation["requestBody"]] if "requestBody" in operation else []
        contents += [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for content in contents:
            for media, described in content.get("content", {}).items():
                if media == "application/json":
                    _check(document, described["schema"], described["example"])
                    assert described["example"], (path, method)
        assert set(re.findall(r"{(\w+)}", path)) == {
            one["name"] for one in operation.get("parameters", []) if one["in"] == "path"
        }


def test_types_with_a_schema_are_described_by_it_and_by_an_example(fetch: Fetch, document: dict[str, Any]) -> None:
    size = {"type": "integer", "minimum": 5}
    properties = {"width": {"$ref": "#/$defs/size"}, "format": {"enum": ["png"], "default": "png"}, "more": {}}
    schema = {"type": "object", "properties": properties, "required": ["width"], "$defs": {"size": size}}
    for name, one in (("resize", schema), ("any", None), ("whole", {"$id": "https://x.example/y", "type": "null"})):
        body = {"name": name, "title": name.title(), "handler": "resize", "input_schema": one}
        assert fetch("POST", "/task-types", body, token=ADMIN).status == 201
    now = fetch("GET", "/api/openapi.json").json()
    validate(now)
    examples = now["paths"]["/tasks"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert sorted(examples) == ["a task", "resize", "whole"]
    wanted = examples["resize"]["value"]
    assert wanted == {"name": "Resize", "type": "resize", "input": {"width": 5, "format": "png"}}
    assert fetch("POST", "/tasks", wanted).status == 201
    described = {"$ref": "#/components/schemas/input.resize"}
    _check(now, described, wanted["input"])
    with pytest.raises(jsonschema.ValidationError):
        _check(now, described, {"width": 4})
    fetch("PATCH", "/task-types/whole", {"input_schema": None}, token=ADMIN)
    for name in ("resize", "whole"):
        fetch("PATCH", f"/task-types/{name}", {"input_schema": None}, token=ADMIN)
    assert fetch("GET", "/api/openapi.json").json() == document


def test_no_schema_has_the_titles_that_nobody_wrote(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert not [name for name, schema in schemas.items() if isinstance(schema.get("title"), str)]
    assert "title" in schemas["TaskTypeJson"]["properties"]
    for _, _, operation in _operations(document):
        assert not [one for one in operation.get("parameters", []) if "title" in one["schema"]]


def test_the_problems_of_a_call_are_named(document: dict[str, Any]) -> None:
    answers = document["paths"]["/tasks"]["post"]["responses"]
    assert set(answers) == {"201", "400", "401", "403", "409", "413", "415", "421", "422", "429", "500", "503", "507"}
    assert "external_key_taken" in answers["409"]["description"]
    report = document["paths"]["/tasks/{task_id}"]["patch"]
    assert {"401", "403", "404", "409", "422"} <= set(report["responses"])
    assert report["security"] == [{"reporter": []}, {"admin": []}]


def test_what_is_answered_is_what_is_described(fetch: Fetch, document: dict[str, Any], store: Store) -> None:
    pipeline = {"name": "clean", "stages": ["fetch", "parse"]}
    assert fetch("POST", "/task-types", pipeline, token=ADMIN).status == 201
    task_id = fetch.created(type="clean", metadata={"a": 1})
    fetch("POST", f"/tasks/{task_id}/cancel")
    for path, described in {
        "/tasks": "/tasks",
        f"/tasks/{task_id}": "/tasks/{task_id}",
        f"/tasks/{task_id}/events": "/tasks/{task_id}/events",
        f"/tasks/{task_id}/stages": "/tasks/{task_id}/stages",
        "/task-types": "/task-types",
        "/workers": "/workers",
        "/healthz": "/healthz",
        "/readyz": "/readyz",
    }.items():
        content = document["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]
        _check(document, content["schema"], fetch("GET", path).json())
    problem = document["paths"]["/tasks"]["post"]["responses"]["422"]["content"]["application/problem+json"]
    _check(document, problem["schema"], fetch("POST", "/tasks", {}).json())
    assert fetch("DELETE", f"/tasks/{task_id}", token=ADMIN).status == 204


def test_a_cursor_that_the_server_gives_fits_its_description(fetch: Fetch, document: dict[str, Any]) -> None:
    for _ in range(2):
        fetch.created()
    following = fetch("GET", "/tasks?limit=1").headers["Link"].partition("<")[2].partition(">")[0]
    (cursor,) = parse_qs(urlsplit(following).query)["cursor"]
    assert fetch("GET", following).status == 200
    (described,) = [one for one in document["paths"]["/tasks"]["get"]["parameters"] if one["name"] == "cursor"]
    _check(document, described["schema"], cursor)


@pytest.mark.parametrize("status", [1, 4, "NEW", "ERROR"])
def test_a_status_may_be_asked_for_by_number_and_by_name(
    fetch: Fetch, document: dict[str, Any], status: int | str
) -> None:
    assert fetch("GET", f"/tasks?status={status}").status == 200
    (described,) = [one for one in document["paths"]["/tasks"]["get"]["parameters"] if one["name"] == "status"]
    _check(document, described["schema"], status)


@pytest.mark.parametrize(
    ("name", "is_good"),
    [("Überprüfen", True), ("a b", True), *((name, False) for name in ("", " ", "a\nb", "\x7f", "\u2028"))],
)
def test_what_a_text_of_one_line_may_hold_is_described(
    fetch: Fetch, document: dict[str, Any], name: str, is_good: bool
) -> None:
    assert (fetch("POST", "/tasks", {"name": name, "processing_time": 1}).status == 201) is is_good
    schema = document["components"]["schemas"]["CreateTask"] | {"components": document["components"]}
    assert jsonschema.Draft202012Validator(schema).is_valid({"name": name}) is is_good
