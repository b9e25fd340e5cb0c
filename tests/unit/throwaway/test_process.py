"""Processes for one use have settings of their own, say why they end, and leave nothing behind."""

import os
import sys
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.acceptance.instance import wait_until
from tests.integration.waybill_worker.bench import alive
from throwaway.process import environment, running
from throwaway.program import CannotGoOn

# Neither sleep ends by itself: the test is about who ends them.
PARENT = "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"


def test_a_process_has_no_setting_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAYBILL_PORT", "80")
    monkeypatch.setenv("OTHER", "kept")
    made = environment(tmp_path, [tmp_path / "handlers"], data_dir="data")
    assert {name for name in made if name.startswith("WAYBILL_")} == {"WAYBILL_DATA_DIR"}
    assert made["OTHER"] == "kept"
    assert made["PYTHONPATH"].split(os.pathsep)[0] == str(tmp_path / "handlers")


def test_a_process_that_ends_before_it_serves_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no luck')"]
    why = pytest.raises(CannotGoOn, match="it has ended with 1: no luck")
    with running(command, tmp_path / "it.log", environment(tmp_path)) as process, why:
        process.wait_until(lambda: False)


def test_children_end_with_their_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT]
    with running(command, tmp_path / "it.log", environment(tmp_path), SIGTERM) as process:
        process.wait_until(lambda: process.read().endswith("\n"))
        child = int(process.read())
    wait_until(lambda: not alive(child), "the end of the child")
