"""Every page and script may lie below a path: no address in them passes by what puts the path before it."""

import re
from pathlib import Path

import pytest

from throwaway.clone import ROOT

HERE = ROOT / "services/api/waybill_api"
TEMPLATES = sorted((HERE / "admin/templates").glob("*.html"))
SCRIPTS = sorted((HERE / "admin/static").glob("*.js"))
STYLES = sorted((HERE / "admin/static").glob("*.css"))
DOCS = sorted(path for path in (HERE / "static/docs").iterdir() if path.suffix in {".html", ".js", ".css"})

MOUNTED = re.compile(r'\s(?:href|src|action)="/')
"""What `Mount.page` finds; a page that is only sent on, `again.html`, has its address from Python."""
QUOTED = re.compile(r"""["'`]/(?=[a-z])""")

PAST_IT = (
    (re.compile(r"(?<![.\w])fetch\((?!at\()"), "fetch(at(...))"),
    (re.compile(r"new (?:EventSource|WebSocket|Worker|Request)\((?!at\()"), "new EventSource(at(...))"),
    (re.compile(r"sendBeacon\((?!at\()"), "sendBeacon(at(...))"),
    (re.compile(r"location\.(?:assign|replace)\((?!at\()"), "go(...)"),
    (re.compile(r"location(?:\.href)? = "), "go(...)"),
    (re.compile(r"window\.open\((?!at\()"), "window.open(at(...))"),
    (re.compile(r"""\.(?:href|src|action) = ["'`]/"""), "at(...)"),
    (re.compile(r"""setAttribute\(["'](?:href|src|action)["'], (?!at\()"""), "at(...)"),
    (re.compile(r"innerHTML|insertAdjacentHTML"), "element(...)"),
    (re.compile(r"""(?:from|import\(?) ?["'`]/"""), "a relative path"),
    (re.compile(r"path=/"), "path=${root || '/'}"),
)
"""What a script must not say, and what it says instead."""


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_absolute_addresses_where_the_path_is_put_before_them(path: Path) -> None:
    text = path.read_text("utf-8")
    # A file cannot contain anything but what lies within the quotes of an attribute or of an expression.
    without = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text)
    assert len(QUOTED.findall(without)) == len(re.findall(MOUNTED.pattern + "(?=[a-z])", without))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_asks_for_addresses_by_what_puts_the_path_before_them(path: Path) -> None:
    text = path.read_text("utf-8")
    found = [f"{wrong.search(text)}: use {instead}" for wrong, instead in PAST_IT if wrong.search(text)]
    assert found == []


@pytest.mark.parametrize("path", [*STYLES, *DOCS], ids=lambda path: path.name)
def test_what_lies_beside_the_pages_has_relative_addresses_only(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.findall(r"""url\(["']?/|(?:href|src|action)="/|\burl: ["']/""", text) == []


def test_there_are_pages_and_scripts_to_look_at() -> None:
    assert len(TEMPLATES) > 10
    assert len(SCRIPTS) > 10
    assert len(STYLES) > 5
    assert len(DOCS) > 2
