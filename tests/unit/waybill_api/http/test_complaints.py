"""What is wrong with a field is said without Python's words, and in Russian on Russian pages."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from waybill.wire.accounts import CreateAccount
from waybill.wire.task_types import CreateTaskType
from waybill.wire.tasks import CreateTask
from waybill_api.http.complaints import detail_of

RIGHT = {"name": "ok", "type": "sleep", "password": "correct horse", "handler": "sleep"}
WRONG: tuple[Any, ...] = (
    "",
    " ",
    "x" * 5_000,
    "A b",
    "\0",
    -1,
    10**9,
    1.5,
    float("nan"),
    True,
    None,
    [],
    {},
    ["a", "a"],
    ["a"] * 99,
)
MODELS = (CreateTask, CreateTaskType, CreateAccount)
"""What people fill in as forms."""


def complaints(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield each field with what is said of it, for many wrong values."""
    right = {name: value for name, value in RIGHT.items() if name in model.model_fields}
    for name in model.model_fields:
        for wrong in WRONG:
            try:
                model.model_validate(right | {name: wrong})
            except ValidationError as error:
                yield from ((name, detail_of(one)) for one in error.errors(include_url=False))


@pytest.mark.parametrize("model", MODELS)
def test_no_complaint_speaks_of_python(model: type[BaseModel]) -> None:
    found = set(complaints(model))
    assert len(found) > 5
    python = re.compile(r"\b(Tuple|List|Dictionary|Value|items? after validation|instance|None)\b")
    assert [one for one in found if python.search(one[1])] == []


def test_a_length_is_told_in_what_the_field_holds() -> None:
    assert ("password", "String should have at least 8 characters") in set(complaints(CreateAccount))
    assert {("stages", "Array should have at least 1 item"), ("stages", "Array should have at most 32 items")} < set(
        complaints(CreateTaskType)
    )


@pytest.mark.parametrize("model", MODELS)
def test_every_complaint_about_a_form_is_said_in_russian(model: type[BaseModel]) -> None:
    """The same is cut out of a sentence here as in static/i18n.js."""
    words = json.loads(files("waybill_api.admin").joinpath("locales", "ru.json").read_text("utf-8"))
    sentences = {re.sub(" pattern '.*'$", " pattern", detail) for _, detail in complaints(model)}
    numbered = {re.sub(r"-?\d+", "{0}", sentence) for sentence in sentences}
    assert sorted(numbered - words.keys()) == []
