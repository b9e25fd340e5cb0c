"""A skipped test fails, unless it lacks something that the list allows it to lack."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import ALLOWED, SYSTEMD, is_allowed
from throwaway.clone import PYTHONPATH, ROOT

UNITS = "tests/acceptance/test_units.py"
SKIPPING = f"""
import pytest

def test_that_lacks_what_it_may_lack():
    pytest.skip("needs {SYSTEMD}: no systemd-analyze on this machine")

def test_that_skips_for_another_reason():
    pytest.skip("it takes too long")

def test_that_runs():
    pass
"""


def test_every_file_of_the_list_is_there() -> None:
    assert [path for path in ALLOWED if not (ROOT / path).is_file()] == []


def test_only_what_the_list_names_may_be_lacking() -> None:
    assert is_allowed(UNITS, f"needs {SYSTEMD}: no systemd-analyze on this machine")
    assert not is_allowed(UNITS, "needs a browser: no Chromium on this machine")
    assert not is_allowed("tests/unit/test_needs.py", f"needs {SYSTEMD}: no systemd-analyze on this machine")


@pytest.mark.parametrize(
    ("ci", "options", "counts"),
    [("true", [], "2 failed, 1 passed"), ("true", ["--bare"], "1 failed, 1 passed, 1 skipped"), ("", [], "1 skipped")],
    ids=["CI", "CI on a bare machine", "a user's machine"],
)
def test_other_skips_fail(tmp_path: Path, ci: str, options: list[str], counts: str) -> None:
    skipping = tmp_path / UNITS
    skipping.parent.mkdir(parents=True)
    skipping.write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-c", os.devnull, *options, str(skipping)],
        env=os.environ | {"CI": ci, "PYTHONPATH": PYTHONPATH, "PYTEST_ADDOPTS": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert counts in done.stdout.splitlines()[-1], done.stdout
