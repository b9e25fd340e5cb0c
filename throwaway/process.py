"""Processes for one use: each has a log and a group of its own, and none outlives the process that starts it."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, Signals
from typing import IO

from throwaway.clone import PYTHONPATH
from throwaway.interrupts import put_off
from throwaway.program import CannotGoOn
from waybill.host.starter import bound

START_SECONDS = 60.0
STOP_SECONDS = 10.0
SAID = 4_000
"""How many characters of a log an error message quotes."""

Stream = int | IO[bytes] | None


def environment(temporary: Path, imports: Sequence[Path] = (), **settings: str) -> dict[str, str]:
    """Return our environment for another process, with TMPDIR `temporary`, which can import the project and `imports`.

    `settings` are WAYBILL_ variables without the prefix, in lower case; our own are left out.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    own = {f"WAYBILL_{name.upper()}": value for name, value in settings.items()}
    path = os.pathsep.join([*map(str, imports), PYTHONPATH])
    return inherited | own | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "TMPDIR": str(temporary)}


def module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a module."""
    return [sys.executable, "-m", name, *arguments]


class Process:
    """A process that runs in a folder and writes to a log there."""

    is_bound = True
    """Whether it ends with the process that starts it, however that ends; this adds a short process to each start."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        *,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = None,
    ) -> None:
        """Start it in the folder of `log`; standard output goes there too, unless `stdout` is given."""
        self.log = log
        with log.open("ab") as output:
            # In a group of its own: a Ctrl-C reaches this process alone, and `end` can kill its children too.
            self.process = subprocess.Popen(
                bound(command) if self.is_bound else command,
                env=dict(environment),
                cwd=log.parent,
                stdin=stdin,
                stdout=output if stdout is None else stdout,
                stderr=output,
                process_group=0,
            )

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def read(self) -> str:
        """Return what it has printed."""
        return self.log.read_text(errors="replace")

    def check(self) -> None:
        """Raise CannotGoOn if it has ended."""
        if not self.is_running:
            raise CannotGoOn(f"{self.log.stem} has ended with {self.process.returncode}: {self._quoted()}")

    def wait_until(self, serves: Callable[[], bool]) -> None:
        """Wait until it serves. Raises CannotGoOn if it ends before, or after START_SECONDS."""
        deadline = time.monotonic() + START_SECONDS
        while not serves():
            self.check()
            if time.monotonic() > deadline:
                raise CannotGoOn(f"{self.log.stem} does not serve after {START_SECONDS:g} s: {self._quoted()}")
            time.sleep(0.05)

    def end(self, number: Signals = SIGKILL) -> None:
        """Send it a signal, wait up to STOP_SECONDS, and kill what is left of its group."""
        self.process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, SIGKILL)
        self.process.wait()

    def _quoted(self) -> str:
        return self.read().strip()[-SAID:]


@contextlib.contextmanager
def running(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    ending: Signals = SIGKILL,
    *,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
) -> Iterator[Process]:
    """Run a process until the end of the block, which sends it the signal `ending`."""
    process: Process | None = None
    try:
        with put_off():
            process = Process(command, log, environment, stdin=stdin, stdout=stdout)
        yield process
    finally:
        if process is not None:
            process.end(ending)
