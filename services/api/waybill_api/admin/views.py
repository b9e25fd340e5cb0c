"""Templates, and the words of each language."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tornado.template import Loader

from waybill.version import VERSION
from waybill.wire.accounts import role_name
from waybill_api.admin.navigation import NAVIGATION
from waybill_api.admin.texts import Name, isolated, visible
from waybill_api.identity.access import least_role

LANGUAGES = {"en": "English", "ru": "Русский"}
"""The words of each language by its code; the English ones are in the code itself."""

PROBLEM = "problem:"
"""The prefix of a problem's code among the words of a language."""

THEMES = ("system", "light", "dark")


def render(template: str, language: str, **values: Any) -> bytes:
    """Return the page from a template and values; the first use compiles the template."""
    words = _words().get(language, {})

    def t(text: str, **parts: object) -> str:
        """Return a text in the page's language, with its `{parts}` filled in."""
        said = words.get(text, text)
        written = {name: isolated(part) if isinstance(part, str) else part for name, part in parts.items()}
        return said.format(**written) if parts else said

    def titled(title: str) -> str:
        """Return a page's title, translated unless a user wrote it."""
        return isolated(title) if isinstance(title, Name) else t(title)

    def told(problem: Mapping[str, Any]) -> str:
        """Return the text of a problem in the page's language, or in English: its detail, or the text for its code."""
        detail = str(problem["detail"])
        return words.get(detail) or words.get(f"{PROBLEM}{problem['code']}") or detail

    fixed = {
        "t": t,
        "told": told,
        "titled": titled,
        "visible": visible,
        "isolated": isolated,
        "exact": exact,
        "language": language,
        "languages": LANGUAGES,
        "themes": THEMES,
        "version": VERSION,
    }
    return (
        _templates()
        .load(template)
        .generate(**fixed, navigation=NAVIGATION, role_name=role_name, least_role=least_role, **values)
    )


def exact(number: float) -> str:
    """Return a number for a form field: with the fewest digits that give the same number again."""
    return str(int(number)) if number == int(number) else repr(number)


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    folder = files(__package__) / "locales"
    return {code: json.loads((folder / f"{code}.json").read_text("utf-8")) for code in LANGUAGES if code != "en"}


@cache
def _templates() -> Loader:
    return Loader(str(files(__package__) / "templates"), autoescape="xhtml_escape", whitespace="all")


def language_of(cookie: str | None, accepted: str | None) -> str:
    """Return the language of a page: the chosen one, or else the first known one of Accept-Language."""
    if cookie in LANGUAGES:
        return cookie
    for part in (accepted or "").split(","):
        code = part.partition(";")[0].partition("-")[0].strip().lower()
        if code in LANGUAGES:
            return code
    return "en"


def theme_of(cookie: str | None) -> str:
    """Return the theme of a page: the chosen one, or else that of the system."""
    return cookie if cookie in THEMES else THEMES[0]
