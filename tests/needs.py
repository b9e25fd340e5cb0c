"""Programs that some tests need and a bare machine lacks: only those tests may skip."""

import importlib.util
import shutil
from typing import NoReturn

import pytest

from demo.screenshots.camera import PROGRAMS

BROWSER = "a browser"
COMMANDS = "the documentation's commands"
MOUNTS = "file systems of its own"
PROXY = "a reverse proxy"
SERVERS = "a database server"
STRACE = "strace"
SYSTEMD = "systemd"

ALLOWED: dict[str, str | tuple[str, ...]] = {
    "tests/acceptance/test_accessibility.py": BROWSER,
    "tests/acceptance/test_admin.py": BROWSER,
    "tests/acceptance/test_docs_page.py": BROWSER,
    "tests/acceptance/test_drain.py": BROWSER,
    "tests/acceptance/test_durability.py": STRACE,
    "tests/acceptance/test_following.py": BROWSER,
    "tests/acceptance/test_forms.py": BROWSER,
    "tests/acceptance/test_full_disk.py": MOUNTS,
    "tests/acceptance/test_journey.py": BROWSER,
    "tests/acceptance/test_pages.py": BROWSER,
    "tests/acceptance/test_proxies.py": (BROWSER, PROXY),
    "tests/acceptance/test_queue_servers.py": SERVERS,
    "tests/acceptance/test_readme.py": COMMANDS,
    "tests/acceptance/test_reporting_page.py": COMMANDS,
    "tests/acceptance/test_screenshots.py": BROWSER,
    "tests/acceptance/test_units.py": SYSTEMD,
    "tests/contract/test_queue.py": SERVERS,
    "tests/contract/test_queue_servers.py": SERVERS,
}
"""The files with tests that may skip, and what each may lack."""


def lack(need: str, detail: str) -> NoReturn:
    """Skip the running test, since this machine lacks what it needs; `detail` says what exactly."""
    pytest.skip(f"needs {need}: {detail}")


def require(need: str, *programs: str) -> None:
    """Skip the running test unless all of these programs are installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        lack(need, f"no {', '.join(missing)} on this machine")


def require_server(missing: str | None) -> None:
    """Skip the running test if something is missing for a server of its own."""
    if missing is not None:
        lack(SERVERS, missing)


def require_browser(*modules: str) -> str:
    """Return the path of Chromium; skip the running test if it, Playwright or one of `modules` is missing."""
    for module in ("playwright", *modules):
        if importlib.util.find_spec(module) is None:
            lack(BROWSER, f"{module} is not installed")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        lack(BROWSER, "no Chromium on this machine: apt-get install chromium-headless-shell")
    return program


def is_allowed(path: str, reason: str) -> bool:
    """Tell whether a test of the file at `path`, relative to the checkout, may skip for this reason."""
    needs = ALLOWED.get(path, ())
    return any(f"needs {need}: " in reason for need in ((needs,) if isinstance(needs, str) else needs))
