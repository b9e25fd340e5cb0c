"""What a schema may cost is known before an input comes, and no schema is looked at for long."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waybill.schemas.effort import MOST_STEPS, TooComplex, effort_of, positions_of
from waybill.schemas.example import MOST_PARTS, example_of
from waybill.schemas.input_schema import BUDGET, InputSchema, check

LEAVES: st.SearchStrategy[Any] = st.sampled_from(
    [
        True,
        False,
        {},
        {"type": "integer"},
        {"enum": [1, "a"]},
        {"$ref": "#"},
        {"$ref": "#/properties/a"},
        {"minimum": 3},
    ]
)
PARTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(
            lambda op, some: {op: some},
            st.sampled_from(["allOf", "anyOf", "oneOf"]),
            st.lists(inner, min_size=1, max_size=3),
        )
        | st.builds(
            lambda op, one: {op: one},
            st.sampled_from(["not", "items", "additionalProperties", "contains", "if"]),
            inner,
        )
        | st.builds(lambda one, other: {"properties": {"a": one, "b": other}, "required": ["a"]}, inner, inner)
    ),
    max_leaves=12,
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 5) | st.just("a"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=15,
)


def refusal_of(schema: dict[str, Any]) -> str | None:
    try:
        check(schema)
    except ValueError as error:
        return str(error)
    return None


@given(PARTS, PARTS, VALUES)
@settings(max_examples=300)
def test_any_schema_is_refused_in_one_line_or_judges_any_input(root: Any, a: Any, value: Any) -> None:
    schema = {**(root if isinstance(root, dict) else {"not": root}), "properties": {"a": a}}
    refused = refusal_of(schema)
    if refused is not None:
        assert refused
        assert "\n" not in refused
        return
    complaints, is_all = InputSchema(schema).complaints(value, json.dumps(value))
    assert is_all
    assert all(one.detail and len(one.detail) <= 500 for one in complaints)
    json.dumps(example_of(schema))


def test_parts_that_multiply_are_too_complex_and_circles_are_not() -> None:
    def chain(levels: int, times: int) -> dict[str, Any]:
        parts: dict[str, Any] = {f"p{n}": {"allOf": [{"$ref": f"#/$defs/p{n + 1}"}] * times} for n in range(levels)}
        return {"$ref": "#/$defs/p0", "$defs": {**parts, f"p{levels}": {"type": "object"}}}

    assert effort_of(chain(20, 1)).checks < 200
    for schema in (chain(20, 2), chain(65, 1), {"items": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}):
        with pytest.raises(TooComplex):
            effort_of(schema)
    both = {"allOf": [{"$ref": "#/$defs/b"}], "$defs": {"b": {"allOf": [{"$ref": "#"}]}}}
    for circle in (
        {"$ref": "#"},
        both,
        {"not": {"$ref": "#"}},
        {"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}},
    ):
        assert effort_of(circle).checks < 50


def test_the_effort_is_that_of_one_value_not_of_the_whole_schema() -> None:
    wide = {"type": "object", "properties": {f"p{n}": {"type": "integer", "minimum": 1} for n in range(100)}}
    assert effort_of(wide).checks < 10
    assert effort_of({"items": {"enum": list(range(100))}}).checks > 100
    assert effort_of({"required": ["a", "b"], "dependentRequired": {"a": ["b"]}}).required == 3
    assert MOST_STEPS * 65_536 > BUDGET, "the widest schemas judge only small inputs"


@pytest.mark.parametrize(
    ("pattern", "positions"),
    [
        ("", 0),
        ("^abc$", 3),
        ("a{3}", 3),
        ("a{2,5}", 5),
        ("a{2,}", 2),
        ("a{0}", 1),
        ("(ab){3}", 6),
        ("((a{2}b){3}c)+", 10),
        ("[a-z]{4}", 4),
        (r"\{3}", 3),
        (r"\w\d", 9),
        (r"\p{L}{2}", 16),
        ("a)(", 2),
        ("{3}", 0),
    ],
)
def test_the_positions_of_a_pattern_are_counted_with_its_repetitions(pattern: str, positions: int) -> None:
    assert positions_of(pattern) == positions


def test_an_example_is_small_whatever_the_schema() -> None:
    names = [f"p{n}" for n in range(50)]
    wide = {"properties": {name: {"$ref": "#"} for name in names}, "required": names}
    assert json.dumps(example_of(wide)).count("p") <= 51 * MOST_PARTS
    assert example_of({"type": "integer", "minimum": 3, "maximum": 9}) == 3
    assert example_of({"type": "number", "maximum": 0.5}) == 0.5
    assert example_of({"anyOf": [{"type": "string"}, {"type": "null"}]}) == "text"
    assert example_of({"type": "array", "items": {"const": 7}, "minItems": 1}) == [7]
