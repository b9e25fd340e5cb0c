"""The words of the pages: each said in every language, and nothing else is."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from waybill_api import problems
from waybill_api.admin.navigation import NAVIGATION
from waybill_api.admin.views import PROBLEM, THEMES, language_of, render, theme_of

ADMIN = files("waybill_api.admin")
SAID = re.compile(r"""\bt\(\s*"((?:[^"\\]|\\.)*)\"""")
BRANCHES = re.compile(r"""\bt\("((?:[^"\\]|\\.)*)"\) if [^}]*? else t\("((?:[^"\\]|\\.)*)"\)""")


def said() -> Iterator[str]:
    for folder in ("templates", "static"):
        for entry in ADMIN.joinpath(folder).iterdir():
            if entry.name.endswith((".html", ".js")):
                for found in SAID.findall(entry.read_text("utf-8")):
                    yield json.loads(f'"{found}"')
    yield from (place.title for place in NAVIGATION)
    yield from (theme.capitalize() for theme in THEMES)


def test_every_word_of_the_pages_is_said_in_russian() -> None:
    words = json.loads(ADMIN.joinpath("locales", "ru.json").read_text("utf-8"))
    assert sorted(set(said()) - words.keys()) == []


def test_a_translation_has_the_same_parts() -> None:
    words: dict[str, str] = json.loads(ADMIN.joinpath("locales", "ru.json").read_text("utf-8"))
    part = re.compile(r"\{[^}]+\}")
    assert [text for text, russian in words.items() if set(part.findall(text)) != set(part.findall(russian))] == []


def test_every_problem_has_its_sentence_in_russian_and_no_other_has() -> None:
    words = json.loads(ADMIN.joinpath("locales", "ru.json").read_text("utf-8"))
    kinds = [one for one in vars(problems).values() if isinstance(one, problems.ProblemKind)]
    codes = {kind.code for kind in (*kinds, *problems.DOMAIN_KINDS.values())}
    assert {word.removeprefix(PROBLEM) for word in words if word.startswith(PROBLEM)} == codes
    assert not [word for word in words if word.startswith(PROBLEM) and not re.search("[а-я]", words[word])]


@pytest.mark.parametrize(
    ("language", "code", "detail", "said"),
    [
        ("ru", "task_is_final", "The task has ended.", "Задача уже окончена."),
        ("ru", "not_found", "There is no such page.", "Такой страницы нет."),
        ("ru", "new_in_2030", "It is new.", "It is new."),
        ("en", "task_is_final", "The task has ended.", "The task has ended."),
    ],
)
def test_a_problem_is_told_by_its_detail_its_code_or_in_english(
    language: str, code: str, detail: str, said: str
) -> None:
    problem = {"status": 409, "title": "Conflict", "code": code, "detail": detail}
    frame = {"theme": "dark", "title": "x", "path": "/admin/", "session": None, "has_demo": False}
    page = render("error.html", language, problem=problem, **frame).decode()
    assert f"<p>{said}</p>" in page


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, None, "en"),
        (None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, "de,en-GB;q=0.7,ru;q=0.3", "en"),
        ("ru", "en", "ru"),
        ("xx", "ru", "ru"),
        ("../ru", "", "en"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_browsers(cookie: str, accepted: str, language: str) -> None:
    assert language_of(cookie, accepted) == language


def test_a_theme_that_is_none_is_the_systems() -> None:
    assert [theme_of(one) for one in ("dark", "light", "system", None, '"><script>')] == [
        "dark",
        "light",
        "system",
        "system",
        "system",
    ]


def test_texts_from_outside_stay_texts() -> None:
    problem = {"status": 404, "title": "<b>", "code": "<u>", "detail": "<script>alert(1)</script> & \"'"}
    page = render(
        "error.html", "en", theme="dark", title="<i>", path="/admin/", session=None, has_demo=False, problem=problem
    ).decode()
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;&#x27;" in page or "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_no_page_has_script_or_style_of_its_own() -> None:
    for entry in ADMIN.joinpath("templates").iterdir():
        text = entry.read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), entry.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), entry.name
        assert "{% raw" not in text, entry.name
        assert "//" not in re.sub(r"https?://www\.w3\.org", "", "".join(re.findall(r'(?:src|href)="[^"]*"', text)))
    for entry in ADMIN.joinpath("static").iterdir():
        if entry.name.endswith(".js"):
            text = entry.read_text("utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), entry.name
