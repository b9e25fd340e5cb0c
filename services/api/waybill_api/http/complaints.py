"""What is wrong with a request, field by field, in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from waybill.wire.problems import FieldError
from waybill.wire.size import TOO_LARGE_TYPE
from waybill_api.problems import TOO_LARGE, Refusal, invalid

PLAIN_WORDS = {
    "extra_forbidden": "unknown field",
    "missing": "is required",
    "model_type": "Input should be an object",
    "dict_type": "Input should be an object",
    "list_type": "Input should be an array",
    "tuple_type": "Input should be an array",
}
"""Our words for pydantic's errors, whose own words are about Python."""

LENGTHS = ("too_short", "too_long")
NOUNS = {"List": ("Array", "item"), "Tuple": ("Array", "item"), "Value": ("String", "character")}
"""The JSON words for what pydantic counts in errors about length; a secret is a text."""


def errors_of(error: ValidationError) -> list[Mapping[str, Any]]:
    """Return pydantic's errors, without the parts that are not shown."""
    return [dict(one) for one in error.errors(include_url=False, include_context=False, include_input=False)]


def refusal_of_errors(found: Sequence[Mapping[str, Any]], *, is_all: bool = True) -> Refusal:
    """Return the problem that names the bad fields of a body by JSON pointer; of many, only the first ones."""
    errors: list[FieldError] = [{"pointer": pointer(one["loc"]), "detail": detail_of(one)} for one in found]
    if any(one["type"] == TOO_LARGE_TYPE for one in found):
        return Refusal(TOO_LARGE, "An item is too large.", errors=errors)
    return invalid(errors, is_all=is_all)


def pointer(path: Sequence[int | str]) -> str:
    """Return a JSON pointer (RFC 6901) for a path of keys and indexes."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path if step != "[key]")


def detail_of(error: Mapping[str, Any]) -> str:
    """Return what is wrong with one field, in plain words."""
    words = PLAIN_WORDS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    if error["type"] in LENGTHS:
        noun, _, rest = words.partition(" after validation")[0].partition(" ")
        noun, part = NOUNS.get(noun, (noun, "item"))
        return f"{noun} {rest.replace('item', part)}"
    return words


def parameter_of(error: Mapping[str, Any]) -> str:
    """Return the parameter that an error is about."""
    return str(error["loc"][0]) if error["loc"] else ""
