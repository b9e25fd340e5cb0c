"""What all benchmarks share: arguments, a folder for one use, the facts of the machine, JSON and exit codes."""

import json
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from throwaway import program
from throwaway.clone import ROOT
from throwaway.program import FAILED, say

CACHE = ROOT / ".cache"


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of a benchmark."""

    arguments: Namespace
    folder: Path
    """A folder that is removed at the end."""
    machine: dict[str, str]
    busy: bool
    started: float

    @property
    def seconds(self) -> float:
        """The seconds since the start."""
        return time.monotonic() - self.started


Measure = Callable[[Bench], tuple[object, bool]]
"""Measures and prints; returns all values as JSON, and whether every target holds."""


def parser(name: str, description: str, values: str | None = None) -> ArgumentParser:
    """Return a parser with the arguments of every benchmark; its values are written to the file `values`."""
    made = ArgumentParser(prog=f"python -m {name}", description=description)
    made.add_argument("--strict", action="store_true", help="exit with 1 if a target is missed")
    # Not in the folder for temporary files: a sync may write nothing to disk there.
    made.add_argument("--folder", type=Path, default=CACHE, help="where the data directories are made meanwhile")
    if values is not None:
        made.add_argument("--json", type=Path, default=CACHE / values, help="where all values are written")
    return made


def run(arguments: Namespace, measure: Measure) -> int:
    """Run a benchmark, and return the exit code: 1 if it cannot measure, or if it is strict and misses a target."""
    return program.run(lambda: _run(arguments, measure))


def _run(arguments: Namespace, measure: Measure) -> int:
    started = time.monotonic()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.folder) as folder:
        facts = machine.describe(Path(folder))
        say("Machine: " + "; ".join(f"{name} {value}" for name, value in facts.items()))
        bench = Bench(arguments, Path(folder), facts, machine.is_busy(), started)
        document, holds = measure(bench)
    say(f"\nMeasured in {bench.seconds:.0f} s.")
    if bench.busy:
        say("Others kept the machine busy from the start: do not trust a figure that misses, nor one that holds.")
    if "json" in arguments:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
        say(f"All values: {arguments.json}")
    return FAILED if arguments.strict and not holds else 0
