"""Runs the benchmarks: `python -m benchmarks`. The exit code is 0 unless something could not be measured."""

import argparse
import dataclasses
import json
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import load, machine, wrk
from benchmarks.figure import Figure
from benchmarks.interrupts import raise_once
from benchmarks.measures import burst, creates, idle, whole_life
from benchmarks.plan import Plan, Settings
from benchmarks.process import BenchError
from benchmarks.table import table
from throwaway.clone import ROOT

MEASURES = {"creates": creates, "life": whole_life, "idle": idle, "burst": burst}
CACHE = ROOT / ".cache"
FAILED = 1


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    arguments = _arguments()
    raise_once()
    try:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.folder) as folder:
            document = _run(arguments, Path(folder))
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    except KeyboardInterrupt:
        print("\nStopped.")
        return 128 + signal.SIGINT
    except (BenchError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    print(f"\nAll values: {arguments.json}")
    misses = any(figure["holds"] is False for figure in document["figures"])
    return FAILED if misses and arguments.strict else 0


def _run(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure, print the table, and return all that is known as JSON."""
    start = time.monotonic()
    tool = None if arguments.own_client else wrk.version()
    settings = Settings()
    facts = machine.describe(folder)
    clients = {"creates": tool or load.NAME, "everything else": load.NAME}
    _print_facts("Machine", facts)
    _print_facts("Client", clients)
    _print_facts("Settings", {**dataclasses.asdict(settings), "each round": "new processes, a fresh data directory"})
    print(flush=True)
    create_for = wrk.create_for if tool else load.create_for
    plan = Plan(settings=settings, folder=folder, create_for=create_for, say=_say)
    busy = machine.is_busy()
    figures: list[Figure] = []
    for name in arguments.only or MEASURES:
        figures += MEASURES[name].measure(plan)
    took = time.monotonic() - start
    print(f"\n{table(figures)}\n\nMeasured in {took:.0f} s.")
    if busy:
        print("Others kept the machine busy from the start: do not trust a figure that misses, nor one that holds.")
    return {
        "machine": facts,
        "busy": busy,
        "clients": clients,
        "settings": dataclasses.asdict(settings),
        "figures": [figure.document() for figure in figures],
        "seconds": took,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures Waybill beside a bare Tornado and a naive task service."
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument("--only", action="append", choices=MEASURES, metavar="NAME", help=f"one of {_names()}; repeat")
    parser.add_argument("--json", type=Path, default=CACHE / "bench.json", help="where all values are written")
    # Not where temporary files go: there, a sync to disk may be none.
    parser.add_argument("--folder", type=Path, default=CACHE, help="where the data directories are made meanwhile")
    parser.add_argument("--own-client", action="store_true", help="use our own client where wrk would be used")
    return parser.parse_args()


def _names() -> str:
    return ", ".join(MEASURES)


def _print_facts(title: str, facts: Mapping[str, object]) -> None:
    print(f"{title}: " + "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items()))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
