"""Strict JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill_api.http.json_body import MAX_DEPTH, decode
from waybill_api.problems import Refusal

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(VALUES, st.booleans())
def test_all_that_json_can_say_is_read(value: Any, is_ascii: bool) -> None:
    assert decode(json.dumps(value, ensure_ascii=is_ascii).encode()) == value


@given(st.binary())
def test_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    try:
        decode(body)
    except Refusal as refusal:
        assert refusal.kind.status == 400  # noqa: PT017 - a refusal is one of two good ends


@pytest.mark.parametrize("wrap", ['{{"a":{}}}', "[{}]"])
def test_nesting_has_a_limit(wrap: str) -> None:
    def nested(depth: int) -> bytes:
        text = "1"
        for _ in range(depth):
            text = wrap.format(text)
        return text.encode()

    decode(nested(MAX_DEPTH))
    with pytest.raises(Refusal) as caught:
        decode(nested(MAX_DEPTH + 1))
    assert caught.value.kind.code == "too_deep"


def test_a_wide_value_is_not_deep() -> None:
    assert len(decode(json.dumps([[]] * 10_000).encode())) == 10_000


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert decode(rb'"\ud83d\ude82"') == "🚂"
    with pytest.raises(Refusal):
        decode(rb'"\ude82\ud83d"')
