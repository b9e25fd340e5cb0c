"""A process that is bound to its starter ends with it, and others do not."""

import contextlib
import os
import select
import signal
import subprocess
import sys

import pytest

from throwaway.clone import ROOT
from waybill.host import starter

PATIENCE = 30.0
"""Seconds; long enough for a busy machine."""


BOUND = """
import subprocess, sys
from waybill.host import starter
subprocess.Popen(starter.bound([sys.executable, "-c", "print('runs', flush=True); import time; time.sleep(600)"]))
sys.stdin.read()
"""

STOPPING = """
import os, signal, sys, time
from waybill.host import starter
if len(sys.argv) > 2:
    def refuse(process):
        raise PermissionError("a sandbox")
    os.pidfd_open = refuse
    starter.LOOK_SECONDS = 0.01
signal.signal(signal.SIGTERM, lambda *_: print("stops", flush=True))
starter.stop_with(int(sys.argv[1]), 0.5)
print("runs", flush=True)
time.sleep(600)
"""

STARTER = """
import os, subprocess, sys, time
if sys.argv[2] == "fork" and os.fork():
    time.sleep(600)
subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid()), *sys.argv[3:]])
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
        # The output ends once all its writers have ended.
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


@pytest.mark.parametrize("kernel", ["tells", "is not to be asked"])
@pytest.mark.parametrize("way", ["plain", "fork"])
def test_a_service_stops_after_the_end_of_the_program_that_started_it_and_is_killed_if_it_does_not(
    way: str, kernel: str
) -> None:
    process = start(STARTER, STOPPING, way, *([] if kernel == "tells" else ["asks"]))
    try:
        assert first_line(process) == "runs"
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
        assert first_line(process) == "stops"
    finally:
        sweep(process)
        process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("kernel", [(), ("is not to be asked",)], ids=["asked", "not asked"])
def test_a_service_whose_starter_has_ended_before_stops_at_once(kernel: tuple[str, ...]) -> None:
    process = start(STOPPING, 1, *kernel, cwd=ROOT)
    said, _ = process.communicate(timeout=PATIENCE)
    assert "stops" in said
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kernel", [(), ("is not to be asked",)], ids=["asked", "not asked"])
def test_a_service_whose_starter_lives_goes_on(kernel: tuple[str, ...]) -> None:
    process = start(STOPPING, os.getpid(), *kernel, cwd=ROOT)
    try:
        assert first_line(process) == "runs"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
    finally:
        sweep(process)
        assert process.communicate(timeout=PATIENCE)[0] == ""


ENDINGS = """
from waybill.host import starter
print(*(number.name for number in starter.endings()))
"""


@pytest.mark.parametrize(
    ("trap", "heeded"),
    [("", "SIGTERM SIGINT SIGHUP"), ("trap '' HUP;", "SIGTERM SIGINT"), ("trap '' HUP INT;", "SIGTERM")],
)
def test_what_the_starter_has_ignored_is_not_heeded(trap: str, heeded: str) -> None:
    command = ["sh", "-c", f'{trap} exec "$0" -c "$1"', sys.executable, ENDINGS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True, cwd=ROOT)
    assert done.stdout.strip() == heeded
