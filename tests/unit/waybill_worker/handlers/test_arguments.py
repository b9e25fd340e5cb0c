"""What handlers take from an input, as their signatures say."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import Field

from waybill_worker.handlers.arguments import Arguments
from waybill_worker.handlers.failed import Failed
from waybill_worker.handlers.unfillable import Unfillable

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass
class Size:
    width: int
    height: int = 600


class Colour(Enum):
    RED = "red"


def called(function: Callable[..., Any], task_input: Any) -> Any:
    """Call a function as a worker does."""
    positional, named = Arguments(function).of(task_input)
    return function("the context", *positional, **named)


def refused(function: Callable[..., Any], task_input: Any) -> str:
    """Return why an input does not fit."""
    with pytest.raises(Failed) as caught:
        called(function, task_input)
    return str(caught.value).removeprefix("the input does not fit: ")


def resize(context: Any, width: int, height: int = 600) -> Any:
    return width, height


def test_the_fields_of_an_input_are_arguments() -> None:
    assert called(resize, {"width": 3}) == (3, 600)
    assert called(resize, {"width": 3, "height": 4}) == (3, 4)


def test_an_input_that_does_not_fit_is_told_field_by_field() -> None:
    assert refused(resize, {"width": "wide"}).startswith("width: Input should be a valid integer")
    assert refused(resize, {}) == "width: Field required"
    assert refused(resize, None) == "width: Field required"
    assert refused(resize, {"width": 1, "depth": 2, "hue": 3}) == (
        "depth: Extra inputs are not permitted; hue: Extra inputs are not permitted"
    )
    assert refused(resize, [1]).startswith("Input should be a valid dictionary")
    many = {f"field{number}": 1 for number in range(20)}
    assert refused(resize, {"width": 1, **many}).endswith("; and 15 more")


def test_arguments_have_the_types_of_the_signature() -> None:
    def draw(context: Any, size: Size, colour: Colour, day: date, mode: Literal["a", "b"] = "a") -> Any:
        return size, colour, day, mode

    given = {"size": {"width": 3}, "colour": "red", "day": "2026-01-31"}
    assert called(draw, given) == (Size(3), Colour.RED, date(2026, 1, 31), "a")
    assert refused(draw, {**given, "size": {"width": None}}).startswith("size.width: ")


def test_any_name_of_a_parameter_will_do() -> None:
    def odd(context: Any, *, _under: int, copy: int, json: int, model_config: int, schema: int = 5) -> Any:
        return _under, copy, json, model_config, schema

    assert called(odd, {"_under": 1, "copy": 2, "json": 3, "model_config": 4}) == (1, 2, 3, 4, 5)


def test_a_single_positional_parameter_takes_the_whole_input() -> None:
    def count(context: Any, words: list[str], /) -> int:
        return len(words)

    assert called(count, ["a", "b"]) == 2
    assert refused(count, ["a", 5]).startswith("1: Input should be a valid string")
    assert called(lambda context, given=7, /: given, None) == 7
    assert called(lambda context, given, /: given, {"any": ["thing"]}) == {"any": ["thing"]}


def test_a_handler_without_fields_needs_no_input() -> None:
    assert called(lambda context: context, None) == "the context"
    assert refused(lambda context: context, {"a": 1}) == "a: Extra inputs are not permitted"


def test_further_fields_go_where_the_signature_takes_them() -> None:
    def keep(context: Any, width: int, **more: Any) -> Any:
        return width, more

    assert called(keep, {"width": 1, "b": [2], "waybill_field_0": 3}) == (1, {"b": [2], "waybill_field_0": 3})
    assert refused(keep, {"width": 1, "context": 2}) == "context: it is the handler's context, not a field"


def test_a_default_is_the_functions_own_whatever_it_is() -> None:
    lock = threading.Lock()

    def work(context: Any, one: Any = lock, two: Any = ()) -> Any:
        return one, two

    assert called(work, {}) == (lock, ())
    assert called(work, {"two": None}) == (lock, None)


def test_the_schema_says_what_fits() -> None:
    def draw(context: Any, width: Annotated[int, Field(gt=0)], size: Size, height: int = 600, hue: Any = ...) -> None:
        pass

    schema = Arguments(draw).schema()
    assert schema is not None
    assert (schema["type"], schema["required"], schema["additionalProperties"]) == ("object", ["width", "size"], False)
    assert schema["properties"]["width"] == {"type": "integer", "exclusiveMinimum": 0}
    assert schema["properties"]["height"] == {"type": "integer", "default": 600}
    assert schema["properties"]["hue"] == {}
    assert schema["properties"]["size"] == {"$ref": "#/$defs/Size"}


def test_an_input_that_may_be_left_out_may_be_null() -> None:
    schema = Arguments(lambda context, a=1: None).schema()
    assert schema is not None
    assert schema["type"] == ["object", "null"]


def test_an_input_of_any_form_has_no_schema() -> None:
    assert Arguments(lambda context, given, /: None).schema() is None

    def count(context: Any, words: list[str], /) -> None:
        pass

    assert Arguments(count).schema() == {"type": "array", "items": {"type": "string"}}


def no_parameter() -> None:
    pass


def only_keywords(*, context: Any) -> None:
    pass


def a_socket(context: Any, peer: socket.socket) -> None:
    pass


def a_callback(context: Any, done: Callable[[], None]) -> None:
    pass


def unknown(context: Any, price: "Decimal") -> None:
    pass


def many(context: Any, *words: str) -> None:
    pass


def whole_and_more(context: Any, given: Any, /, width: int) -> None:
    pass


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (no_parameter, "it takes no parameter, and needs one for its context"),
        (only_keywords, "its first parameter, context: Any, cannot take the context"),
        (a_socket, "its parameter peer cannot be filled from JSON: its type is socket.socket"),
        (a_callback, "its parameter done cannot be filled from JSON: its type is"),
        (unknown, "the type of its parameter price cannot be read: name 'Decimal' is not defined"),
        (many, "its parameter *words: str cannot be filled: the fields of an input have names"),
        (whole_and_more, "its parameter given takes the whole input, which leaves nothing for width"),
    ],
)
def test_why_a_signature_cannot_be_filled_is_said(function: Callable[..., Any], reason: str) -> None:
    with pytest.raises(Unfillable) as caught:
        Arguments(function)
    assert str(caught.value).startswith(reason)
