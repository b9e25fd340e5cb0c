"""What the documentation says about the code is so: its pointers, its status diagram, its two languages.

A pointer is a link whose text is a path from the project's root, and, if a name in backticks follows it, that name:
[`shared/waybill/domain/merge.py`](../shared/waybill/domain/merge.py) `merge`. A name is what a file defines
(`Class.member` in Python; a table, index, trigger or constraint in SQL), and `NAME = value` also states its value.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from throwaway.clone import ROOT
from waybill.domain.status import FOLLOWS, Status

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
FOLDERS = (".ci", "benchmarks", "demo", "deploy", "docs", "proof", "services", "shared", "tests")

LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)(?:\s+`(?P<name>[^`]+)`)?")
BARE = re.compile(rf"`(?P<path>(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]*)`")
ARROW = re.compile(r"^\s*(?P<before>\w+|\[\*\])\s*-->\s*(?P<after>\w+|\[\*\])", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
DIAGRAM = re.compile(r"^```mermaid\nstateDiagram-v2\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
SQL_NAME = r"\b(?:TABLE|INDEX|TRIGGER|CONSTRAINT)\s+{}\b"


class Pointer(NamedTuple):
    """A place in the code that a page points at; the name is empty where the whole file is meant."""

    path: str
    name: str


def pointers(page: str) -> Iterator[Pointer]:
    """Yield the pointers of a page in their order."""
    for link in LINK.finditer(FENCED.sub("", page)):
        text, name = link["text"], link["name"] or ""
        if text.startswith("`"):
            yield Pointer(text.strip("`"), name)


def complaints(page: str, folder: Path) -> Iterator[str]:
    """Yield what is wrong with the links and paths of a page that lies in this folder."""
    prose = FENCED.sub("", page)
    for link in LINK.finditer(prose):
        text, target = link["text"], link["target"]
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (folder / file).resolve() if file else None
        if found is not None and not found.exists():
            yield f"{target} does not exist"
        elif text.startswith("`") and found != (ROOT / text.strip("`")).resolve():
            yield f"{text} leads to {target}"
        elif anchor and anchor not in anchors(page if found is None else found.read_text("utf-8")):
            yield f"{target} has no such heading"
        elif text.startswith("`") and found is not None and link["name"] and not defines(found, link["name"]):
            yield f"{text} does not define {link['name']}"
    for bare in BARE.finditer(LINK.sub("", prose)):
        if not (ROOT / bare["path"]).exists():
            yield f"{bare['path']} does not exist"


def anchors(page: str) -> set[str]:
    """Return the anchors that a page's headings have."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def defines(file: Path, said: str) -> bool:
    """Whether a file defines a name, with this value where one is said."""
    name, has_value, value = said.partition(" = ")
    if file.suffix == ".sql":
        return re.search(SQL_NAME.format(re.escape(name)), file.read_text("utf-8")) is not None
    if file.suffix != ".py":
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", file.read_text("utf-8")) is not None
    node: ast.AST = ast.parse(file.read_text("utf-8"))
    for step in name.split("."):
        found = next((inner for inner in getattr(node, "body", ()) if step in names_of(inner)), None)
        if found is None:
            return False
        node = found
    if not has_value:
        return True
    bound = getattr(node, "value", None)
    return bound is not None and ast.dump(bound) == ast.dump(ast.parse(value, mode="eval").body)


def names_of(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def arrows(page: str) -> set[tuple[str, str]]:
    """Return the arrows of a page's one status diagram; `[*]` is its beginning and its end."""
    (diagram,) = DIAGRAM.finditer(page)
    return {(arrow["before"], arrow["after"]) for arrow in ARROW.finditer(diagram["body"])}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_pointer_leads_to_what_it_names(page: Path) -> None:
    assert list(complaints(page.read_text("utf-8"), page.parent)) == []


@pytest.mark.parametrize("name", ["answers.md", "answers.ru.md", "design.md", "guarantees.md"])
def test_the_pages_do_point_at_the_code(name: str) -> None:
    assert any(pointers((DOCS / name).read_text("utf-8")))


def test_both_languages_point_at_the_same_places_in_the_same_order() -> None:
    english, russian = (list(pointers((DOCS / name).read_text("utf-8"))) for name in ("answers.md", "answers.ru.md"))
    assert english == russian


def test_the_status_diagram_is_the_table() -> None:
    drawn = {(before.name, after.name) for before, following in FOLLOWS.items() for after in following}
    ends = {(status.name, "[*]") for status in Status if not FOLLOWS[status]}
    assert arrows((DOCS / "design.md").read_text("utf-8")) == drawn | ends | {("[*]", Status.NEW.name)}


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("[`shared/waybill/domain/merge.py`](../shared/waybill/domain/merge.py) `merge`", ""),
        ("[`shared/waybill/domain/task.py`](../shared/waybill/domain/task.py) `Task.positions`", ""),
        ("[`shared/waybill/domain/transitions.py`](../shared/waybill/domain/transitions.py)\n  `CRASH_BUDGET = 4`", ""),
        ("[`setup.cfg`](../setup.cfg) `importlinter:contract:waybill`", ""),
        ("[there](https://example.org/no/such.py)", ""),
        ("```\n[`shared/waybill/no.py`](../shared/waybill/no.py)\n```", ""),
        ("`tests/unit` and `shared/waybill/domain/status.py`", ""),
        ("# What is it?\n[see](#what-is-it)", ""),
        ("[`shared/waybill/domain/merge.py`](../shared/waybill/domain/merge.py) `merges`", "does not define merges"),
        (
            "[`shared/waybill/domain/task.py`](../shared/waybill/domain/task.py) `Task.place`",
            "does not define Task.place",
        ),
        (
            "[`shared/waybill/domain/task.py`](../shared/waybill/domain/task.py) `positions`",
            "does not define positions",
        ),
        (
            "[`shared/waybill/domain/transitions.py`](../shared/waybill/domain/transitions.py) `CRASH_BUDGET = 5`",
            "does not define CRASH_BUDGET = 5",
        ),
        (
            "[`shared/waybill/domain/task.py`](../shared/waybill/domain/status.py) `Task`",
            "leads to ../shared/waybill/domain/status.py",
        ),
        ("[`shared/waybill/domain/no.py`](../shared/waybill/domain/no.py)", "does not exist"),
        ("[`setup.cfg`](../setup.cfg) `importlinter:contract:no`", "does not define"),
        ("see `shared/waybill/no.py`", "shared/waybill/no.py does not exist"),
        ("# What is it?\n[see](#what-was-it)", "has no such heading"),
    ],
)
def test_a_wrong_pointer_is_found(said: str, complaint: str) -> None:
    found = list(complaints(said, DOCS))
    assert len(found) == bool(complaint)
    assert all(complaint in one for one in found)


@pytest.mark.parametrize(
    ("name", "is_defined"),
    [("tasks_due", True), ("a_status_never_goes_back", True), ("final_has_finished", True), ("started_at", False)],
)
def test_a_name_in_sql_is_that_of_a_table_index_trigger_or_constraint(name: str, is_defined: bool) -> None:
    assert defines(ROOT / "services/api/waybill_api/store/engine/migrations/0001_initial.sql", name) is is_defined
