"""What is printed controls no terminal."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.cli.visible import visible, visible_json, visible_text

TEXTS = st.text(alphabet=st.characters())
"""Of any characters, halves of surrogate pairs included."""


def controls(text: str, but: str = "") -> list[str]:
    """Return the characters of a text that control a terminal, turn its direction, or cannot be encoded."""
    marks = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return [
        one
        for one in text
        if one not in but and (unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or one in marks)
    ]


@given(TEXTS)
def test_a_line_holds_no_control_character(text: str) -> None:
    assert controls(visible(text)) == []


@given(TEXTS)
def test_a_text_holds_only_tabs_and_ends_of_lines(text: str) -> None:
    assert controls(visible_text(text), but="\t\n") == []


@given(
    st.recursive(
        TEXTS | st.integers() | st.booleans() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
    )
)
def test_json_holds_none_and_reads_back_as_the_same(value: object) -> None:
    for indent in (None, 2):
        text = visible_json(value, indent)
        assert controls(text, but="\n" if indent else "") == []
        assert json.loads(text) == value
    assert "\n" not in visible_json(value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred", r"a\x1b[31mred"),
        ("two\nlines", r"two\x0alines"),
        ("\u202eevil", r"\u202eevil"),
        ("Кот 🐱 שלום", "Кот 🐱 שלום"),
    ],
)
def test_a_control_character_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_colours_of_a_log_are_left_out() -> None:
    assert visible_text("\x1b[1;31mred\x1b[0m\r\nnext\x1b]0;title\x07") == "red\nnext\\x1b]0;title\\x07"
