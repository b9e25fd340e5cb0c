"""Texts of users are visible, and never change the direction of other text."""

import json
import re
import unicodedata
from importlib.resources import files
from typing import Any

import pytest

from waybill_api.admin.pages.adding import written
from waybill_api.admin.texts import Name, isolated, visible
from waybill_api.admin.views import exact, render

OVERRIDE = "\u202eexe.gpj"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\u200b", "[U+200B]"),
        ("\u2060", "[U+2060]"),
        ("\u00ad", "[U+00AD]"),
        ("\u3164", "[U+3164]"),
        ("\u115f\u1160", "[U+115F U+1160]"),
        ("\uffa0", "[U+FFA0]"),
        ("\u2800", "[U+2800]"),
        ("\ufe0f", "[U+FE0F]"),
        ("\U000e0100", "[U+E0100]"),
        ("\U000e0041\U000e007f", "[U+E0041 U+E007F]"),
        ("\u0301\u0308", "[U+0301 U+0308]"),
        ("\u0903", "[U+0903]"),
        ("\u034f", "[U+034F]"),
        ("\u180e", "[U+180E]"),
        ("\u202e", "[U+202E]"),
        ("\u00a0\u3000", "[U+00A0 U+3000]"),
        ("   ", "[U+0020 U+0020 U+0020]"),
        ("\u200b" * 5_000 + "a", "[U+200B U+200B U+200B U+200B…]"),
        ("\u200b" * 200, "[U+200B U+200B U+200B U+200B…]"),
    ],
)
def test_what_cannot_be_seen_is_named(text: str, named: str) -> None:
    assert visible(text) == named


@pytest.mark.parametrize(
    "text", ["a", "", "a\u200b", "e\u0301", "\u2764\ufe0f", "שלום", "日本", "ก็", "-", "\ue000", "0"]
)
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("text", ["resize", "déjà vu", "日本語", "42", "a {b}", "\U0001f600"])
def test_what_runs_from_left_to_right_needs_no_isolation(text: str) -> None:
    assert isolated(text) == text


@pytest.mark.parametrize("text", [OVERRIDE, "שלום", "مرحبا 12", "a\u2069b\u2069\u202e", "\u200fa", "\u061cb", "٣٤"])
def test_what_runs_another_way_stays_in_its_place(text: str) -> None:
    found = isolated(text)
    assert (found[0], found[-1]) == ("\u2068", "\u2069")
    controls = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not [one for one in found[1:-1] if unicodedata.bidirectional(one) in controls]


def test_json_says_by_number_what_would_turn_it_round() -> None:
    value = {"a\u202eb": ["\u2066x\u2069", "שלום", 12345678901234567890]}
    text = written(value)
    assert not re.search("[\u202e\u2066\u2069]", text)
    assert "שלום" in text
    assert json.loads(text) == value


def test_a_title_of_peoples_is_neither_translated_nor_turned_round() -> None:
    frame = {
        "theme": "dark",
        "path": "/admin/",
        "session": None,
        "has_demo": False,
        "problem": {"status": 404, "title": "x", "code": "x", "detail": "x"},
    }
    for title, shown in (
        ("Overview", "Обзор"),
        (Name("Overview"), "Overview"),
        (Name("\u200b"), "[U+200B]"),
        (Name(OVERRIDE), "\u2068exe.gpj\u2069"),
    ):
        page = render("error.html", "ru", title=title, **frame).decode()
        assert f"<title>{shown} · Waybill</title>" in page


def test_a_text_in_a_sentence_stays_in_its_place() -> None:
    template = render("failures.html", "en", **FAILURES).decode()
    assert "No failures of \u2068exe.gpj\u2069<" in template


FAILURES: dict[str, Any] = {
    "theme": "dark",
    "title": "Failures",
    "path": "/admin/failures/",
    "session": None,
    "has_demo": False,
    "groups": [],
    "samples": {},
    "chosen": OVERRIDE,
    "types": [],
    "is_first": True,
    "older": None,
    "address": lambda *_: "/",
    "tasks_address": lambda *_: "/",
    "may_act": False,
    "rfc3339": str,
}

THEIRS = re.compile(
    r"\{\{ (?:(?!chip)\w+\.(?:name|title|message|external_key|stage|source|type|worker)"
    r'|\w+\["(?:name|title|host|who|target|version|handler|message)"\]|(?:route|stage|one|session\.account)) \}\}'
)
"""A text of a user that a template shows without `visible` and `<bdi>`."""
ELSEWHERE = re.compile(r'="[^"]*$|<option[^>]*>[^<]*$|="\{\{[^}]*$')
"""The text before it in an attribute or an option, which can hold no element."""


def test_no_template_shows_what_people_write_without_isolating_it() -> None:
    found = []
    for entry in files("waybill_api.admin").joinpath("templates").iterdir():
        for line in entry.read_text("utf-8").splitlines():
            for match in THEIRS.finditer(line):
                before = line[: match.start()]
                if not ELSEWHERE.search(before):
                    found.append(f"{entry.name}: {match[0]}")
    assert found == []


@pytest.mark.parametrize("number", [43210.987, 0.1, 1.0, 300.0, 86_400.0, 1e-7, 0.1 + 0.2, 0.0, 12345.678901234567])
def test_a_number_in_a_form_is_the_number_that_is_kept(number: float) -> None:
    assert float(exact(number)) == number
    assert not exact(number).endswith(".0")
