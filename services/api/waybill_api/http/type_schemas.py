"""The types of an installation in the description of its API: the schemas of their inputs, and examples."""

from collections.abc import Iterable, Mapping
from typing import Any

from waybill.domain.task_type import TaskType
from waybill.schemas.example import example_of
from waybill_api.http.long_answers import JSON

MOST = 50
"""How many types are described."""

CREATE = "/tasks"


def with_types(document: Mapping[str, Any], types: Iterable[TaskType]) -> dict[str, Any]:
    """Return the description of the API with types that have a schema: an example of a task for each.

    The schema of a type's input is the component `input.NAME`.
    """
    described = {one.name: one for one in types if one.input_schema is not None}
    if not described:
        return dict(document)
    components, paths = document["components"], document["paths"]
    post = paths[CREATE]["post"]
    content = post["requestBody"]["content"][JSON]
    examples = {"a task": {"value": content["example"]}}
    schemas = dict(components["schemas"])
    for name, one in described.items():
        schema = one.input_schema.value() if one.input_schema is not None else {}
        schemas[f"input.{name}"] = _moved(schema, f"#/components/schemas/input.{name}")
        examples[name] = {
            "summary": one.title or name,
            "value": {"name": one.title or name, "type": name, "input": example_of(schema)},
        }
    shown = {key: value for key, value in content.items() if key != "example"} | {"examples": examples}
    body = post["requestBody"] | {"content": {JSON: shown}}
    create = paths[CREATE] | {"post": post | {"requestBody": body}}
    return {
        **document,
        "paths": {**paths, CREATE: create},
        "components": {**components, "schemas": schemas},
    }


def _moved(part: Any, place: str) -> Any:
    """Return a schema whose references to itself lead to its place in the document."""
    if isinstance(part, dict):
        return {
            key: place + value[1:]
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _moved(value, place)
            for key, value in part.items()
            if key not in ("$id", "$schema")
        }
    return [_moved(one, place) for one in part] if isinstance(part, list) else part
