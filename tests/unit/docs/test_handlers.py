"""What the pages show of handlers is what a worker loads."""

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from throwaway.clone import ROOT
from waybill import handler
from waybill.settings import Settings
from waybill_worker.handlers.catalogue import Sources, catalogue
from waybill_worker.handlers.programs.command import Command

PAGE = (ROOT / "docs/handlers.md").read_text("utf-8")
HOW_TO = (ROOT / "docs/how-to.md").read_text("utf-8")


def test_the_file_that_the_page_shows_declares_its_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (source,) = (block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "@handler" in block)
    file = tmp_path / "handlers_of_the_page.py"
    file.write_text(source)
    found = catalogue(Sources((str(file),)))
    assert found.types["resize"]["title"] == "Resize a picture"
    assert found.types["resize"]["input_schema"]["required"] == ["width"]


def test_the_file_that_the_how_to_shows_declares_a_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (source,) = re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL)
    file = tmp_path / "report_of_the_how_to.py"
    file.write_text(source)
    assert catalogue(Sources((str(file),))).types["report"]["stages"] == ["fetch", "count"]


def test_every_option_of_a_handler_is_on_the_page() -> None:
    options = {*inspect.signature(handler).parameters} - {"function"}
    assert {name for name in options if f"`{name}" in PAGE} == options


def test_the_command_that_the_page_shows_can_be_filled() -> None:
    (line,) = re.findall(r"`WAYBILL_EXEC='(.*?)'`", PAGE)
    schema: Any = Command(line).schema()
    assert schema["required"] == ["file", "width", "out"]


def test_the_handlers_that_the_page_names_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    (value,) = re.findall(r"`WAYBILL_HANDLERS=(.*?)`", PAGE)
    monkeypatch.setenv("WAYBILL_HANDLERS", value)
    handlers = Settings.load().handlers
    assert handlers is not None
    assert [Path(handlers[0]).name, handlers[1]] == ["handlers.py", "my_package.jobs"]
