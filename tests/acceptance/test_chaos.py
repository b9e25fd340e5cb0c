"""The drill: real services, real faults, and nothing left behind. `make chaos` is its large form."""

import signal
import sys
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, wait_until
from throwaway.clone import ROOT


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
