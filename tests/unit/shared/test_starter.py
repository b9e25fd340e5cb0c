"""What is started by a process ends with it, and only what is meant to."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shared import starter

PATIENCE = 30.0
"""Seconds; long enough for a busy machine."""

FOR_EVER = 1e6

ROOT = Path(__file__).resolve().parents[3]

BOUND = """
import subprocess, sys
from shared import starter
subprocess.Popen(starter.bound([sys.executable, "-c", "print('runs', flush=True); import time; time.sleep(600)"]))
sys.stdin.read()
"""

WATCHING = """
import os, sys, threading
from shared import starter
over = threading.Event()
starter.watch(int(sys.argv[1]), over.set, 600)
print("watches", flush=True)
over.wait()
print("orphaned", flush=True)
"""

STARTER = """
import os, subprocess, sys, time
if sys.argv[2] == "fork" and os.fork():
    time.sleep(600)
subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())])
time.sleep(600)
"""
"""Starts a script and waits; with `fork` from a fork of itself, as honcho does."""


def start(script: str, *arguments: object, **options: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0, **options
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], PATIENCE)[0], "it says nothing"
    return process.stdout.readline().strip()


def sweep(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def test_what_is_bound_to_a_process_ends_when_that_is_killed() -> None:
    process = start(BOUND)
    try:
        assert first_line(process) == "runs"
        process.kill()
        # Its output ends when whoever writes there has ended.
        assert process.communicate(timeout=PATIENCE)[0] == ""
    finally:
        sweep(process)


def test_what_is_bound_to_a_process_that_has_ended_already_does_not_run() -> None:
    command = starter.bound([sys.executable, "-c", "print('runs')"])
    command[command.index(str(os.getpid()))] = "1"
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "")


def test_what_is_bound_is_the_program_itself_with_its_arguments_and_exit_code() -> None:
    script = "import os, sys; print(os.getpid(), sys.argv[1:], os.environ.get('WAYBILL_PARENT')); sys.exit(7)"
    process = subprocess.Popen(
        starter.bound([sys.executable, "-c", script, "-x", "y z"]), stdout=subprocess.PIPE, text=True
    )
    assert process.communicate(timeout=PATIENCE)[0] == f"{process.pid} ['-x', 'y z'] None\n"
    assert process.returncode == 7


def test_a_program_that_cannot_be_started_is_said_in_one_line() -> None:
    done = subprocess.run(
        starter.bound(["/nowhere/at/all"]), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (1, "/nowhere/at/all: No such file or directory\n")


@pytest.mark.parametrize("way", ["plain", "fork"])
def test_a_process_that_watches_is_told_of_the_end_of_the_program_that_started_it(way: str) -> None:
    process = start(STARTER, WATCHING, way)
    try:
        assert first_line(process) == "watches"
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
        assert first_line(process) == "orphaned"
    finally:
        sweep(process)
        process.communicate(timeout=PATIENCE)


def test_a_process_whose_starter_lives_is_not_told_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "LOOK_SECONDS", 0.01)
    told = threading.Event()
    starter.watch(os.getppid(), told.set, FOR_EVER)
    assert not told.wait(0.2)


@pytest.mark.parametrize("kernel", ["tells", "forbids to ask"])
def test_a_process_whose_starter_has_ended_before_is_told_at_once(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kernel == "forbids to ask":
        monkeypatch.setattr(os, "pidfd_open", refuse)
    told = threading.Event()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    starter.watch(gone.pid, told.set, FOR_EVER)
    assert told.wait(PATIENCE)


def test_where_the_kernel_does_not_tell_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([os.getppid()] * 3)
    monkeypatch.setattr(os, "pidfd_open", refuse)
    monkeypatch.setattr(starter, "LOOK_SECONDS", 0.01)
    parent = os.getppid()
    monkeypatch.setattr(os, "getppid", lambda: next(parents, 1))
    told = threading.Event()
    starter.watch(parent, told.set, FOR_EVER)
    assert told.wait(PATIENCE)


def test_one_that_does_not_stop_when_told_is_killed() -> None:
    script = "import time; from shared import starter; starter.watch(1, lambda: None, 0); time.sleep(600)"
    process = start(script, cwd=ROOT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL


def refuse(process: int) -> int:
    raise PermissionError("a sandbox")


HEEDED = """
import signal
from shared import starter
print(*(number.name for number in starter.heeded([signal.SIGTERM, signal.SIGINT, signal.SIGHUP])))
"""


@pytest.mark.parametrize(
    ("trap", "heeded"),
    [("", "SIGTERM SIGINT SIGHUP"), ("trap '' HUP;", "SIGTERM SIGINT"), ("trap '' HUP INT;", "SIGTERM")],
)
def test_what_the_starter_has_ignored_is_not_heeded(trap: str, heeded: str) -> None:
    command = ["sh", "-c", f'{trap} exec "$0" -c "$1"', sys.executable, HEEDED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True, cwd=ROOT)
    assert done.stdout.strip() == heeded
