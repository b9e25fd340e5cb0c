"""The OpenAPI 3.1 description, made from the routes and the signatures of their methods."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from types import UnionType
from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from waybill.version import VERSION
from waybill.wire.problems import Problem
from waybill.wire.reports import ReportItem
from waybill_api import problems
from waybill_api.http.intake import Call
from waybill_api.http.long_answers import JSON
from waybill_api.http.operation import Operation, item_of
from waybill_api.http.route import Route
from waybill_api.identity.access import Needs, Scope
from waybill_api.problems import DOMAIN_KINDS, ProblemKind

PREFIX = "tasks_api_"
REFERENCES = "#/components/schemas/{model}"

SECURITY: dict[Needs, list[dict[str, list[str]]]] = {
    Scope.ALL: [],
    Scope.CLIENT: [{}, {"client": []}, {"reporter": []}, {"admin": []}],
    Scope.REPORTER: [{"reporter": []}, {"admin": []}],
    Scope.OPERATOR: [{"admin": []}],
    Scope.ADMIN: [{"admin": []}],
}

VALUES = ("examples", "default", "const", "enum")
"""The keywords of JSON Schema that hold values, not schemas."""

SCHEMES = {
    "client": "WAYBILL_API_TOKEN, if the installation has set one.",
    "reporter": "The content of worker.token in the data directory.",
    "admin": "The content of admin.token in the data directory.",
}


def describe(routes: Sequence[Route], root: str = "") -> dict[str, Any]:
    """Return the OpenAPI document for these routes, which lie below the path `root`."""
    schemas = _Schemas([call.operation for route in routes for call in route.calls().values()])
    paths = {
        route.path: {method.lower(): _operation(call, method, schemas) for method, call in route.calls().items()}
        for route in routes
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Waybill",
            "version": VERSION,
            "summary": "Hand over background work, and know at any moment where it is.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root or "/"}],
        "tags": [{"name": "default", "description": "Tasks, what is reported on them, their types and their workers."}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                name: {"type": "http", "scheme": "bearer", "description": description}
                for name, description in SCHEMES.items()
            },
        },
    }


class _Schemas:
    """The JSON schemas of all bodies and answers, by reference."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        """Collect them."""
        inputs = [(operation.body, "validation") for operation in operations if operation.body is not None]
        bodies, found = models_json_schema([*inputs, (ReportItem, "validation")], ref_template=REFERENCES)  # type: ignore[list-item]
        answers = [(operation.name, "serialization", TypeAdapter(_content(operation))) for operation in operations]
        answered, more = TypeAdapter.json_schemas(
            [*answers, ("problem", "serialization", TypeAdapter(Problem))],  # type: ignore[list-item]
            ref_template=REFERENCES,
        )
        self.components: dict[str, Any] = _untitled(found.get("$defs", {}) | more.get("$defs", {}))
        self._bodies = {model: _untitled(schema) for (model, _), schema in bodies.items()}
        self._answers = {name: _untitled(schema) for (name, _), schema in answered.items()}

    def body(self, operation: Operation) -> Any:
        """Return the schema of an operation's body."""
        return self._bodies[operation.body]  # type: ignore[index]

    def answer(self, name: str) -> Any:
        """Return the schema of an operation's answer."""
        return self._answers[name]

    def example(self, schema: Mapping[str, Any]) -> Any:
        """Return an example for a schema, or None."""
        if "$ref" in schema:
            return self.example(self.components[schema["$ref"].rpartition("/")[2]])
        if schema.get("type") == "array" and (item := self.example(schema["items"])) is not None:
            return [item]
        if "examples" in schema:
            return schema["examples"][0]
        properties = schema.get("properties", {})
        return {name: self.example(one) or one.get("const", "ok") for name, one in properties.items()} or None


def _content(operation: Operation) -> Any:
    """Return the type of an operation's answer; None if it has none."""
    answer = operation.answer
    if operation.media != (JSON,):
        return list[item_of(answer)]  # type: ignore[misc]
    something = [one for one in get_args(answer) if one is not type(None)]
    return something[0] if isinstance(answer, UnionType) else answer


def _operation(call: Call, method: str, schemas: _Schemas) -> dict[str, Any]:
    operation = call.operation
    summary, _, description = inspect.cleandoc(operation.function.__doc__ or "").partition("\n\n")
    described: dict[str, Any] = {
        "operationId": PREFIX + operation.name,
        "tags": ["default"],
        "summary": " ".join(summary.split()).rstrip("."),
        "security": SECURITY[call.needs],
    }
    if description:
        described["description"] = description.replace("\n", " ")
    if operation.parameters:
        described["parameters"] = _parameters(operation)
    if operation.body is not None:
        schema = schemas.body(operation)
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {JSON: {"schema": schema, "example": schemas.example(schema)}},
        }
    described["responses"] = _responses(call, method, schemas)
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    schemas = operation.model.model_json_schema(by_alias=True, ref_template=REFERENCES)
    found = []
    for parameter in operation.parameters:
        schema = _resolved(schemas["properties"][parameter.name], schemas.get("$defs", {}))
        described = {"name": parameter.name, "in": parameter.place, "required": parameter.required}
        if description := schema.pop("description", None):
            described["description"] = description
        found.append(described | {"schema": schema})
    return found


def _resolved(schema: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without references, titles and the null for a missing one."""
    alternatives = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if len(alternatives) == 1:
        schema = alternatives[0] | {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]] | {
            key: value for key, value in schema.items() if key != "$ref"
        }
    return {key: value for key, value in schema.items() if key != "title"}


def _responses(call: Call, method: str, schemas: _Schemas) -> dict[str, Any]:
    operation = call.operation
    answered: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.answer is not None:
        schema = schemas.answer(operation.name)
        content: dict[str, Any] = {media: {"schema": {"type": "string"}} for media in operation.media}
        answered["content"] = content | {JSON: {"schema": schema, "example": schemas.example(schema)}}
    responses = {str(operation.status): answered}
    for status in operation.also:
        responses[str(status)] = answered | {"description": HTTPStatus(status).phrase}
    if any(parameter.name == "If-None-Match" for parameter in operation.parameters):
        responses["304"] = {"description": "It has not changed"}
    codes: dict[int, set[str]] = {}
    for kind in _kinds(call, method):
        codes.setdefault(kind.status, set()).add(kind.code)
    problem = {problems.MEDIA_TYPE: {"schema": schemas.answer("problem")}}
    for status, named in sorted(codes.items()):
        responses[str(status)] = {"description": f"Problem: {', '.join(sorted(named))}", "content": problem}
    return responses


def _kinds(call: Call, method: str) -> Iterator[ProblemKind]:
    """Yield every kind of problem that a call can answer."""
    operation = call.operation
    for raised in operation.raises:
        yield raised if isinstance(raised, ProblemKind) else DOMAIN_KINDS[raised]
    for parameter in operation.parameters:
        yield DOMAIN_KINDS[parameter.missing] if parameter.missing is not None else problems.INVALID
    if operation.body is not None:
        yield from (*problems.BODY_KINDS, problems.INVALID)
    if method != "GET":
        yield problems.CROSS_SITE
        yield problems.OVERLOADED
    if call.needs > Scope.ALL:
        yield problems.UNAUTHENTICATED
        yield from problems.STORE_KINDS
    if call.needs > Scope.CLIENT:
        yield problems.FORBIDDEN
    if len(operation.media) > 1:
        yield problems.NOT_ACCEPTABLE
    yield problems.MISDIRECTED
    yield problems.INTERNAL


def _untitled(schema: Any, *, names: bool = False) -> Any:
    """Return a schema without pydantic's titles; `names` says that the keys are names of properties."""
    if isinstance(schema, dict):
        return {
            key: value if key in VALUES and not names else _untitled(value, names=_holds_names(key, names))
            for key, value in schema.items()
            if names or key != "title"
        }
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    return schema


def _holds_names(key: str, names: bool) -> bool:
    return key in ("properties", "$defs") and not names
