"""`make screenshots`: pictures of the pages, on an hour that is made up."""

import subprocess
import sys
from pathlib import Path

from tests.acceptance.instance import DEADLINE
from tests.needs import require_browser
from throwaway.clone import ROOT

PNG = b"\x89PNG\r\n\x1a\n"


def test_pages_are_photographed(tmp_path: Path) -> None:
    require_browser()
    command = [sys.executable, "-m", "demo.screenshots", "login", "overview", "--theme", "dark", "--width", "360"]
    done = subprocess.run(
        [*command, "--into", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=2 * DEADLINE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"2 pictures in {tmp_path}\n"
    pictures = sorted(tmp_path.iterdir())
    assert [picture.name for picture in pictures] == ["login-dark-360.png", "overview-dark-360.png"]
    assert all(picture.read_bytes().startswith(PNG) for picture in pictures)
