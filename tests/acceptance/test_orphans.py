"""The services end with the process that started them, however that ends."""

import contextlib
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, wait_until
from throwaway.clone import ROOT

HONCHO = (sys.executable, "-m", "honcho", "--procfile", str(ROOT / "Procfile"), "start")
RUN = (sys.executable, str(ROOT / "manage.py"), "run")

IN_A_TERMINAL = """
import fcntl, os, signal, sys, termios
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    # As a terminal's shell starts it, even if the tests run in the background, where these are ignored.
    signal.signal(number, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def is_gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def services(instance: Instance) -> list[int]:
    """Wait until both services run, and return their process ids."""
    wait_until(lambda: instance.session.get(f"{instance.url}/readyz", timeout=5).ok, "an API that serves")
    worker = wait_until(lambda: [one["pid"] for one in instance.get("/workers") if one["alive"]], "a worker that beats")
    return [*api_of(instance), *worker]


def api_of(instance: Instance) -> Iterator[int]:
    """Yield the process that listens on the port of the API."""
    listening = f"0100007F:{instance.port:04X} 00000000:0000 0A "
    inode = next(line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines() if listening in line)
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(descriptor) == f"socket:[{inode}]":
                yield int(descriptor.parts[2])
                return


def assert_gone(pids: list[int]) -> None:
    assert len(pids) == 2
    for pid in pids:
        wait_until(lambda pid=pid: is_gone(pid), f"the end of process {pid}")  # type: ignore[misc]


@pytest.mark.parametrize("command", [HONCHO, RUN], ids=["honcho", "manage.py run"])
def test_the_services_end_when_what_started_them_is_killed(instance: Instance, command: tuple[str, ...]) -> None:
    both = instance.start("both", *command)
    pids = services(instance)
    both.kill()
    assert_gone(pids)


MAKE = """
import os, signal, subprocess, sys
signal.signal(signal.SIGHUP, lambda *_: None)
sys.exit(subprocess.call(sys.argv[1:], env=os.environ | {"WAYBILL_PARENT": str(os.getpid())}))
"""
"""A stand-in for make, which may not be installed: it waits for its child, and sends it no signal."""


@contextlib.contextmanager
def make_run(instance: Instance) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Run `make run` as the leader of a terminal's session, and yield it and our end of the terminal."""
    make = ["make", "-C", str(ROOT), f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.runtime", "run"]
    if shutil.which("make") is None:
        make = [sys.executable, "-c", MAKE, *RUN]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, *make],
        env=instance.environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        with contextlib.suppress(OSError):
            os.close(ours)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("how", ["closes", "quits", "kills make"])
def test_the_services_end_with_the_terminal_that_make_leads(instance: Instance, how: str) -> None:
    with make_run(instance) as (process, terminal):
        pids = services(instance)
        if how == "closes":
            os.close(terminal)
        elif how == "quits":
            os.write(terminal, b"\x1c")
        else:
            process.kill()
        wait_until(lambda: process.poll() is not None, "the end of make")
        assert_gone(pids)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started itself."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found if not is_gone(int(child))]


COUNTS = {"demo": 2, "drill": 2, "bench": 1}
"""How many processes a tool has started by then."""

TOOLS = {
    "demo": ("-m", "demo"),
    "drill": ("-c", "import sys; from proof import drill; sys.exit(drill.main())"),
    "bench": ("-m", "benchmarks", "--own-client", "--only", "idle", "--json", "bench.json", "--folder", "folder"),
}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("tool", TOOLS)
def test_what_a_tool_has_started_ends_with_it(instance: Instance, tool: str, number: signal.Signals) -> None:
    running = instance.start(tool, sys.executable, *TOOLS[tool])
    wait_until(lambda: len(children(running.pid)) == COUNTS[tool], "its services")
    started = children(running.pid)
    running.stop(number)
    for pid in started:
        wait_until(lambda pid=pid: is_gone(pid), f"the end of process {pid}")  # type: ignore[misc]
    if number is signal.SIGHUP:
        left = [*instance.temporary.iterdir(), *instance.folder.glob("folder/*")]
        assert left == [], "nothing of it is left"
