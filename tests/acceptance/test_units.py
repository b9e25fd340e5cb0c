"""The systemd units in `deploy/` are what systemd itself takes without a word."""

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import SYSTEMD, require
from throwaway.clone import ROOT
from waybill.settings import Settings

PROGRAM = "/opt/waybill/.venv/bin/waybill"
"""Where docs/operating.md has Waybill installed; systemd asks whether the program is there."""
UNITS = sorted((ROOT / "deploy").glob("*.service"))


def verify(folder: Path, units: dict[str, str]) -> str:
    """Return what `systemd-analyze verify` says of units (name -> text)."""
    require(SYSTEMD, "systemd-analyze")
    for name, text in units.items():
        (folder / name).write_text(text.replace(PROGRAM, sys.executable))
    paths = [str(folder / name) for name in units]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def read() -> dict[str, str]:
    """Return the units by name."""
    return {unit.name: unit.read_text("utf-8") for unit in UNITS}


def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    assert [unit.stem for unit in UNITS] == ["waybill-api", "waybill-worker"]
    assert verify(tmp_path, read()) == ""


@pytest.mark.parametrize("wrong", ["Restart=always", "After=network.target", PROGRAM])
def test_a_mistake_in_a_unit_would_be_told(tmp_path: Path, wrong: str) -> None:
    assert verify(tmp_path, {name: text.replace(wrong, f"{wrong}=?") for name, text in read().items()})


def test_a_worker_has_time_to_drain() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string(read()["waybill-worker.service"])
    assert unit.getfloat("Service", "TimeoutStopSec") > Settings().drain_seconds + 10
