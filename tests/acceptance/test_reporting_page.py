"""Every block of the page on reporting: its commands print what it shows, and its programs do what it says."""

import subprocess
import sys

from tests.acceptance.instance import Instance
from tests.acceptance.tour import PATIENCE, Tour, blocks
from tests.needs import COMMANDS, require
from throwaway.clone import ROOT

PAGE = ROOT / "docs" / "reporting.md"


def run(instance: Instance, program: str) -> str:
    """Run a program in the instance's folder, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program.replace("localhost:8000", f"localhost:{instance.port}")],
        env=instance.environment(),
        cwd=instance.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_page_goes_as_it_is_written(instance: Instance) -> None:
    require(COMMANDS, "bash", "curl", "grep")
    instance.start_api()
    tour = Tour(instance)
    printed = []
    for block in blocks(PAGE):
        assert block.language in ("console", "python")
        if block.language == "python":
            printed.append(run(instance, block.body))
        for step in block.steps():
            tour.take(step)
    assert printed == ["passed on with the data: 7\n", ""]
