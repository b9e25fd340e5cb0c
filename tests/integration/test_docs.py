"""The description of the API is valid, complete and true."""

import re
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from services.api.store.store import Store
from tests.integration.talking import ADMIN, Fetch


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


def test_no_schema_has_the_titles_that_nobody_wrote(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert not [name for name, schema in schemas.items() if isinstance(schema.get("title"), str)]
    assert "title" in schemas["TaskTypeJson"]["properties"]
    for _, _, operation in _operations(document):
        assert not [one for one in operation.get("parameters", []) if "title" in one["schema"]]


def test_the_problems_of_a_call_are_named(document: dict[str, Any]) -> None:
    answers = document["paths"]["/tasks"]["post"]["responses"]
    assert set(answers) == {"201", "400", "403", "409", "413", "415", "421", "422", "500", "507", "401"}
    assert "external_key_taken" in answers["409"]["description"]
    report = document["paths"]["/tasks/{task_id}"]["patch"]
    assert {"401", "403", "404", "409", "422"} <= set(report["responses"])
    assert report["security"] == [{"reporter": []}, {"admin": []}]


def test_what_is_answered_is_what_is_described(fetch: Fetch, document: dict[str, Any], store: Store) -> None:
    task_id = fetch.created(metadata={"a": 1})
    fetch("POST", f"/tasks/{task_id}/cancel")
    for path, described in {
        "/tasks": "/tasks",
        f"/tasks/{task_id}": "/tasks/{task_id}",
        f"/tasks/{task_id}/events": "/tasks/{task_id}/events",
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


def test_the_start_page_leads_to_the_documentation(fetch: Fetch) -> None:
    answer = fetch("GET", "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/api/docs")
