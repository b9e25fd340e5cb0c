"""The command line as people and scripts use it: processes, pipes, a terminal."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.instance import DEADLINE, Instance
from throwaway.clone import ROOT

WAYBILL = [sys.executable, str(ROOT / "manage.py")]


class Command:
    """A command that runs, with its output in pipes or a terminal."""

    def __init__(self, instance: Instance, *words: str, terminal: int | None = None) -> None:
        self._process = subprocess.Popen(
            [*WAYBILL, *words],
            env=instance.environment() | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
            cwd=instance.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
        )

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        self._process.send_signal(signal.SIGINT)

    def line(self) -> str:
        """Return the next line of its output."""
        assert self._process.stdout is not None
        line = b""
        # Byte by byte, since `ended` reads on without what a buffer would hold.
        while not line.endswith(b"\n") and (byte := os.read(self._process.stdout.fileno(), 1)):
            line += byte
        return line.decode()

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end, and return its exit code and what it has printed."""
        out, err = self._process.communicate(timeout=DEADLINE)
        return self._process.returncode, out, err


@contextmanager
def terminal(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Open a terminal; yield the descriptors of its user and of its program."""
    user, program = pty.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        yield user, program
    finally:
        os.close(user)


def shown(user: int, until: str | None = None) -> str:
    """Return what is shown in a terminal until a text comes, or until its program has ended."""
    text = b""
    while until is None or until.encode() not in text:
        try:
            data = os.read(user, 65_536)
        except OSError:
            data = b""
        if not data:
            break
        text += data
    return text.decode()


def test_people_and_scripts_submit_watch_and_cancel(instance: Instance) -> None:
    code, out, err = Command(instance, "submit", "sleep").ended()
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    instance.start_api()

    # Three watch the same tasks: in a pipe, as JSON, and in a terminal. None begins before all three watch.
    ids = [*instance.create_many(50, 1), *instance.create_many(50, 2)]
    lines, objects = Command(instance, "watch", *ids), Command(instance, "watch", "--json", *ids)
    with terminal(rows=24, columns=100) as (user, program):
        bars = Command(instance, "watch", *ids, terminal=program)
        os.close(program)
        screen = shown(user, until="0 of 100")
        first_line, first_object = lines.line(), objects.line()
        instance.start_worker()
        screen += shown(user)
    assert bars.ended()[0] == 0
    frames = [int(count) for count in re.findall(r"(\d+) of 100", screen)]
    # The thread that draws may be late by a frame, so that not each count is above the one before.
    assert (frames[0], max(frames)) == (0, 100)
    assert len(set(frames)) > 2
    assert "\x1b[" in screen
    assert len(re.findall(r"COMPLETED\S* [0-9a-f-]{36}", screen)) == 100
    code, out, err = lines.ended()
    assert (code, err) == (0, "")
    told = [line.split("\t") for line in (first_line + out).splitlines()]
    assert sorted(line[0] for line in told if line[1] == "COMPLETED") == sorted(ids)
    code, out, _ = objects.ended()
    ends = [task["task_id"] for task in map(json.loads, (first_object + out).splitlines()) if task["status"] == 3]
    assert (code, sorted(ends)) == (0, sorted(ids))

    good = Command(instance, "submit", "sleep", "--processing-time", "0", "--wait")
    waiting = Command(instance, "submit", "sleep", "--processing-time", "600", "--name", "long", "--wait")
    watched = waiting.line().split("\t")[0]
    left = Command(instance, "watch", watched)
    left.line()
    left.interrupt()
    code, _, err = left.ended()
    assert (code, err) == (130, "no longer watched; the tasks go on\n")
    counted = instance.manage("cancel", "-q", "status:new,processing")
    assert (counted.returncode, counted.stdout) == (0, f"{watched}\n")
    assert instance.task(watched)["status"] in (1, 2)
    cancelled = instance.manage("cancel", "-q", "status:new,processing", "--yes")
    assert (cancelled.returncode, cancelled.stdout) == (0, "1 cancelled\n")
    code, out, _ = waiting.ended()
    assert (code, out.splitlines()[-1].split("\t")[1]) == (1, "ERROR")
    assert good.ended()[0] == 0

    usage = instance.manage("submit", "sleep", "no json")
    assert (usage.returncode, usage.stdout, len(usage.stderr.splitlines())) == (2, "", 1)
    head = subprocess.run(
        ["sh", "-c", '"$@" | head -n 1', "sh", *WAYBILL, "list", "--json", "--limit", "0"],
        env=instance.environment(),
        cwd=instance.folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (head.stdout.count("\n"), head.stderr) == (1, "")
