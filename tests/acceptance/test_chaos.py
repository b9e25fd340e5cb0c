"""A little chaos, and the drill: real services, real faults, and nothing left behind."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, wait_until
from throwaway.clone import ROOT


@pytest.mark.slow
def test_a_little_chaos_breaks_no_promise(instance: Instance) -> None:
    folder = instance.folder / "kept"
    arguments = ("--tasks", "20", "--faults", "3", "--seed", "6", "--folder", str(folder))
    chaos = instance.start("chaos", sys.executable, "-m", "proof.chaos", *arguments)
    assert chaos.ended(180) == 0, chaos.read()
    printed = chaos.read()
    assert "SEED=6" in printed
    assert "Every promise held: 20 tasks were acknowledged" in printed
    deeds = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert sum(deed["what"] == "acknowledged" for deed in deeds) == 20
    assert any(deed["what"] == "kill" for deed in deeds)
    assert len((folder / "tasks.jsonl").read_text().splitlines()) == 20
    assert nobody_works_in(folder)


@pytest.mark.slow
def test_the_drill_tells_what_happened_and_leaves_nothing_behind(instance: Instance) -> None:
    drill = instance.start("drill", sys.executable, str(ROOT / "manage.py"), "drill")
    assert drill.ended(180) == 0, drill.read()
    assert "Killed the worker while it held 12 tasks" in drill.read()
    assert "Every promise held" in drill.read()
    assert "Traceback" not in drill.read(), "what is done to the wire is told as a story"
    assert not instance.data.exists(), "the installation that the settings name is not touched"
    assert not list(instance.temporary.iterdir())


def test_the_drill_can_be_interrupted_and_leaves_nothing_behind(instance: Instance) -> None:
    drill = instance.start("drill", sys.executable, str(ROOT / "manage.py"), "drill")
    wait_until(lambda: "Killed the worker" in drill.read(), "the first crash")
    (folder,) = instance.temporary.iterdir()
    assert drill.stop(signal.SIGINT) == 130
    assert "Traceback" not in drill.read()
    assert not list(instance.temporary.iterdir())
    assert nobody_works_in(folder)


def nobody_works_in(folder: Path) -> bool:
    """Whether no process has its working directory there."""
    return not any(_directory(process).startswith(str(folder)) for process in Path("/proc").glob("[0-9]*"))


def _directory(process: Path) -> str:
    try:
        return str((process / "cwd").readlink())
    except OSError:
        return ""
