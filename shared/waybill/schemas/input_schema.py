"""The schema of a type's input: what it may be, and what it finds wrong with an input."""

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from waybill.schemas.effort import TooComplex, effort_of

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

LIMIT = 16 * 1024
"""Bytes of JSON that a schema may have, without spaces."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

BUDGET = 2_000_000
"""The most units of ten nanoseconds that one input may take."""

MOST_COMPLAINTS = 2_000
"""The library finds all that is wrong before it tells any of it, and each complaint takes it 12 microseconds."""

NAMED = 100
"""How many complaints are told."""

LONGEST = 500
"""Characters of one complaint."""

PATTERN_BYTES = 1_000_000
"""Bytes that one compiled pattern may have; the library's linear-time engine has no look-around or back-references."""

KNOWN = 64
"""How many schemas are held ready."""

MASKED = "value"
"""What the library writes in place of values, which may be large, or secret."""

TOO_LARGE_FOR_DETAILS = "does not fit the schema of its type, and is too large to say where"
TOO_MUCH = "has too many values, or too long ones, for the schema of its type"


class Complaint(NamedTuple):
    """What is wrong with a part of an input."""

    path: tuple[str | int, ...]
    """The keys and indexes that lead to it."""
    detail: str


class InputSchema:
    """A schema, ready to judge inputs."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Compile a schema. Raises ValueError, whose message says what is wrong with it."""
        from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError  # noqa: PLC0415 - takes 15 ms

        if schema.get("$schema", DIALECT).rstrip("#") != DIALECT:
            raise ValueError("must be JSON Schema 2020-12, as an absent $schema says, too")
        patterns = RegexOptions(size_limit=PATTERN_BYTES, dfa_size_limit=100_000)
        try:
            self._validator = Draft202012Validator(schema, pattern_options=patterns, offline=True, mask=MASKED)
        except ValidationError as error:
            raise ValueError(_of_schema(error)) from None
        self._effort = effort_of(schema)
        self._wants_object = schema.get("type") == "object"

    def complaints(self, value: Any, text: str) -> tuple[list[Complaint], bool]:
        """Return what is wrong with an input, given as a value and as JSON, and whether that is all.

        No input counts as an empty object where the schema wants an object.
        """
        if value is None and self._wants_object:
            value = {}
        values = text.count(",") + text.count(":") + text.count("[") + text.count("{") + 1
        if self._effort.checks * values + self._effort.positions * len(text) // 2 > BUDGET:
            return [Complaint((), TOO_MUCH)], True
        if self._validator.is_valid(value):
            return [], True
        if self._effort.complaints * values + self._effort.required * text.count("{") > MOST_COMPLAINTS:
            return [Complaint((), TOO_LARGE_FOR_DETAILS)], False
        told = (one for error in self._validator.iter_errors(value) for one in _told(error))
        found = list(islice(told, NAMED + 1))
        return found[:NAMED], len(found) <= NAMED


@lru_cache(KNOWN)
def input_schema(text: str) -> InputSchema:
    """Return the schema that is written in a JSON text, ready to judge; the latest KNOWN are held."""
    return InputSchema(json.loads(text))


def check(schema: dict[str, Any]) -> None:
    """Raise ValueError, whose message says what is wrong, if inputs cannot be held against a schema."""
    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > LIMIT:
        raise ValueError(f"must not be larger than {LIMIT // 1024} KiB")
    try:
        input_schema(text)
    except (AttributeError, TypeError, KeyError):
        # A reference into a part that is no schema.
        raise ValueError("is no JSON Schema") from None
    except RecursionError:
        raise TooComplex("is too complex") from None


def _of_schema(error: "ValidationError") -> str:
    if error.kind.name == "$ref":
        said = "each $ref must lead to a part of the schema itself, such as #/$defs/size"
    elif error.kind.name == "format":
        said = "is no regular expression, or none that can be matched in linear time (no look-around, moderate size)"
    else:
        said = _plain(error.message)
    where = "".join(f"/{step}" for step in error.instance_path)
    return f"is no JSON Schema: {where} {said}"[:LONGEST] if where else f"is no JSON Schema: {said}"[:LONGEST]


def _told(error: "ValidationError") -> Iterator[Complaint]:
    """Yield the complaints that an error of the library stands for, each about the part that is to be changed."""
    path, kind = tuple(error.instance_path), error.kind
    facts: Any = kind
    if kind.name == "required":
        yield Complaint((*path, facts.property), "is required")
    elif kind.name == "additionalProperties":
        for name in facts.unexpected:
            yield Complaint((*path, name), "unknown field")
    elif kind.name == "anyOf":
        said = {_plain(one.message) if one.instance_path == [*path] else "" for some in facts.context for one in some}
        yield Complaint(path, "; or: ".join(sorted(said))[:LONGEST] if "" not in said else _plain(error.message))
    else:
        yield Complaint(path, _plain(error.message)[:LONGEST])


def _plain(message: str) -> str:
    return message.removeprefix(f"{MASKED} ")
