"""Measures what growth costs: `python -m benchmarks.growth`. It exits with 1 if it cannot measure."""

import contextlib
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import bench
from benchmarks.bench import Bench
from benchmarks.figure import Figure, Side, Target
from benchmarks.filling.filling import fill
from benchmarks.growth.grown import BATCH, Grown, serving
from benchmarks.growth.jsons import Jsons
from benchmarks.load import ask_for
from benchmarks.table import table
from throwaway.program import say

TARGET = Target(of="ratio", at_least=0.8)
"""With many tasks, a call may be slower by 20 %."""

CONNECTIONS = 8
WARM_UP_SECONDS = 1.0
REST_SECONDS = 1.0
"""Between two measures, so that work left by the first, such as a checkpoint, does not count in the second."""
SEED = 7

Requests = Callable[[Grown, random.Random], Iterator[bytes]]

MEASURES: Mapping[str, tuple[Requests, int, bytes]] = {
    "reports": (Grown.reports, BATCH, b'"applied"'),
    "GET by id": (Grown.by_id, 1, b'"task_id"'),
    "GET by external key": (Grown.by_key, 1, b'"task_id"'),
}
"""For each name: the requests, how many calls one request counts for, and a part of each correct answer."""


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    parser = bench.parser("benchmarks.growth", "Measures the same calls with few tasks and with many.", "growth.json")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="how many tasks the large database has (1000000)")
    parser.add_argument("--few", type=int, default=10_000, help="how many the small one has (10000)")
    parser.add_argument("--rounds", type=int, default=7, help="how many rounds (7)")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each measure takes in a round (2)")
    return bench.run(parser.parse_args(), _compare)


def _compare(run: Bench) -> tuple[object, bool]:
    few, many, rounds = run.arguments.few, run.arguments.tasks, run.arguments.rounds
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(_grown(run.folder, count)) for count in (few, many)]
        rates = _measure(sides, rounds, run.arguments.seconds)
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
    say(f"\nWAYBILL is with {many:,} tasks; medians of {rounds} interleaved rounds.\n\n{table(figures)}")
    return [figure.document() for figure in figures], all(figure.holds for figure in figures)


@contextlib.contextmanager
def _grown(folder: Path, count: int) -> Iterator[Grown]:
    """Fill a database with `count` tasks, and serve it."""
    place = folder / f"tasks-{count}"
    data = place / "data"
    data.mkdir(parents=True, mode=0o700)
    say(f"== Filling a database with {count:,} tasks")
    task_ids = fill(data / "tasks.db", count, Jsons(count), say)
    size = (data / "tasks.db").stat().st_size
    say(f"   {size / 2**20:,.0f} MiB")
    with serving(place, task_ids) as grown:
        yield grown


def _measure(sides: Sequence[Grown], rounds: int, seconds: float) -> dict[str, list[list[float]]]:
    """Return the rates of each measure, by side and round. The sides take turns in being first."""
    chance = random.Random(SEED)  # noqa: S311  # to be repeated
    rates: dict[str, list[list[float]]] = {name: [[] for _ in sides] for name in MEASURES}
    for number in range(rounds + 1):
        say(f"== Round {number} of {rounds}" if number else "== Warming up")
        for name, (requests, each, telling) in MEASURES.items():
            for index in sorted(range(len(sides)), reverse=number % 2 == 1):
                time.sleep(REST_SECONDS)
                side = sides[index]
                long = seconds if number else min(seconds, WARM_UP_SECONDS)
                load = ask_for(side.port, requests(side, chance), long, CONNECTIONS, telling)
                if number:
                    rates[name][index].append(each * load.check().rate)
    return rates


if __name__ == "__main__":
    sys.exit(main())
