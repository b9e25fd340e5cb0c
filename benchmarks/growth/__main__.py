"""Measures what growth costs: `python -m benchmarks.growth`. It exits with 1 where it could not be measured."""

import argparse
import contextlib
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.figure import Figure, Side, Target
from benchmarks.filling.filling import fill
from benchmarks.growth.installation import BATCH, Installation, serving
from benchmarks.growth.jsons import Jsons
from benchmarks.interrupts import raise_once
from benchmarks.load import ask_for
from benchmarks.process import BenchError
from benchmarks.table import table
from throwaway.clone import ROOT

TARGET = Target(of="ratio", at_least=0.8)
"""Within 20 %."""

CONNECTIONS = 8
WARM_UP_SECONDS = 1.0
REST_SECONDS = 1.0
"""Between two measures, so that what the one leaves to be done, such as a checkpoint, is no part of the other."""
SEED = 7

Requests = Callable[[Installation, random.Random], Iterator[bytes]]

MEASURES: Mapping[str, tuple[Requests, int, bytes]] = {
    "reports": (Installation.reports, BATCH, b'"applied"'),
    "GET by id": (Installation.by_id, 1, b'"task_id"'),
    "GET by external key": (Installation.by_key, 1, b'"task_id"'),
}
"""What is asked, how many of what is counted come with one request, and what a right answer holds."""


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    arguments = _arguments()
    raise_once()
    try:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="growth-", dir=arguments.folder) as folder:
            figures = _run(arguments, Path(folder))
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps([figure.document() for figure in figures], indent=2) + "\n")
    except KeyboardInterrupt:
        print("\nStopped.")
        return 128 + signal.SIGINT
    except (BenchError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if arguments.strict and not all(figure.holds for figure in figures) else 0


def _run(arguments: argparse.Namespace, folder: Path) -> list[Figure]:
    start = time.monotonic()
    few, many = arguments.few, arguments.tasks
    _say("Machine: " + "; ".join(f"{name} {value}" for name, value in machine.describe(folder).items()))
    busy = machine.is_busy()
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(_grown(folder, count)) for count in (few, many)]
        rates = _measure(sides, arguments.rounds, arguments.seconds)
    figures = [
        Figure(
            name=name,
            unit="/s",
            waybill=Side.of_rounds(f"{many:,} tasks", rates[name][1]),
            against=Side.of_rounds(f"{few:,} tasks:", rates[name][0]),
            target=TARGET,
        )
        for name in MEASURES
    ]
    _say(f"\nWAYBILL is with {many:,} tasks; medians of {arguments.rounds} interleaved rounds.\n\n{table(figures)}")
    _say(f"\nMeasured in {time.monotonic() - start:.0f} s.")
    if busy:
        _say("Others kept the machine busy from the start: do not trust a figure that misses, nor one that holds.")
    return figures


@contextlib.contextmanager
def _grown(folder: Path, count: int) -> Iterator[Installation]:
    """Fill a database with so many tasks, and serve it."""
    place = folder / f"tasks-{count}"
    data = place / "data"
    data.mkdir(parents=True, mode=0o700)
    _say(f"== Filling a database with {count:,} tasks")
    task_ids = fill(data / "tasks.db", count, Jsons(count), _say)
    size = (data / "tasks.db").stat().st_size
    _say(f"   {size / 2**20:,.0f} MiB")
    with serving(place, task_ids) as installation:
        yield installation


def _measure(sides: Sequence[Installation], rounds: int, seconds: float) -> dict[str, list[list[float]]]:
    """Return the rates of each measure: for each side those of the rounds. Who is first changes with each round."""
    chance = random.Random(SEED)  # noqa: S311  # to be repeated
    rates: dict[str, list[list[float]]] = {name: [[] for _ in sides] for name in MEASURES}
    for number in range(rounds + 1):
        _say(f"== Round {number} of {rounds}" if number else "== Warming up")
        for name, (requests, each, telling) in MEASURES.items():
            for index in sorted(range(len(sides)), reverse=number % 2 == 1):
                time.sleep(REST_SECONDS)
                side = sides[index]
                long = seconds if number else min(seconds, WARM_UP_SECONDS)
                load = ask_for(side.port, requests(side, chance), long, CONNECTIONS, telling)
                if number:
                    rates[name][index].append(each * load.check().rate)
    return rates


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description="Measures the same calls with few tasks and with many."
    )
    cache = ROOT / ".cache"
    parser.add_argument("--tasks", type=int, default=1_000_000, help="how many tasks the large database has (1000000)")
    parser.add_argument("--few", type=int, default=10_000, help="how many the small one has (10000)")
    parser.add_argument("--rounds", type=int, default=7, help="how many rounds (7)")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each measure takes in a round (2)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument("--json", type=Path, default=cache / "growth.json", help="where all values are written")
    # Not where temporary files go: there, a sync to disk may be none.
    parser.add_argument("--folder", type=Path, default=cache, help="where the databases are made meanwhile")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
