"""Processes that are measured; they never outlive the benchmark."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.interrupts import put_off
from throwaway.clone import PYTHONPATH
from waybill.host.starter import bound


class BenchError(Exception):
    """Something could not be measured; the message is one line."""


class Process:
    """A running module, and what it has printed."""

    def __init__(self, module: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        """Take what was started."""
        self.module = module
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """The id that the system gave to it."""
        return self._process.pid

    def check(self) -> None:
        """Raise BenchError if it has ended."""
        if self._process.poll() is not None:
            words = self._log.read_text(errors="replace").strip().splitlines()
            said = f": {words[-1]}" if words else ""
            raise BenchError(f"{self.module} has ended with {self._process.returncode}{said}")


@contextlib.contextmanager
def running(module: str, arguments: Sequence[str], folder: Path, settings: Mapping[str, str]) -> Iterator[Process]:
    """Run `python -m module arguments` in `folder`, and kill it and its children at the end.

    Its environment is ours and `settings`, without any WAYBILL_ variable but those; its log lies in `folder`.
    """
    log = folder / f"{module}.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    process: subprocess.Popen[bytes] | None = None
    try:
        with log.open("ab") as output, put_off():
            # In a group of its own, so that a Ctrl-C comes to us alone, and so that no child is left over.
            process = subprocess.Popen(
                bound([sys.executable, "-m", module, *arguments]),
                env={**environment, **settings, "PYTHONPATH": PYTHONPATH, "NO_PROXY": "*"},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        yield Process(module, process, log)
    finally:
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
