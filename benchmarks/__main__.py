"""Runs the benchmarks: `python -m benchmarks`. The exit code is 0 unless something could not be measured."""

import dataclasses
import sys
from collections.abc import Mapping

from benchmarks import bench, load, wrk
from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.measures import burst, creates, idle, whole_life
from benchmarks.plan import Plan, Settings
from benchmarks.table import table
from throwaway.program import say

MEASURES = {"creates": creates, "life": whole_life, "idle": idle, "burst": burst}


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    parser = bench.parser(
        "benchmarks", "Measures Waybill beside a bare Tornado and a naive task service.", "bench.json"
    )
    names = ", ".join(MEASURES)
    parser.add_argument("--only", action="append", choices=MEASURES, metavar="NAME", help=f"one of {names}; repeat")
    parser.add_argument("--own-client", action="store_true", help="use our own client even if wrk is installed")
    return bench.run(parser.parse_args(), _measure)


def _measure(run: Bench) -> tuple[object, bool]:
    tool = None if run.arguments.own_client else wrk.version()
    settings = Settings()
    clients = {"creates": tool or load.NAME, "everything else": load.NAME}
    _say_facts("Client", clients)
    _say_facts("Settings", {**dataclasses.asdict(settings), "each round": "new processes, a fresh data directory"})
    say("")
    create_for = wrk.create_for if tool else load.create_for
    plan = Plan(settings=settings, folder=run.folder, create_for=create_for, say=say)
    figures: list[Figure] = []
    for name in run.arguments.only or MEASURES:
        figures += MEASURES[name].measure(plan)
    say(f"\n{table(figures)}")
    document = {
        "machine": run.machine,
        "busy": run.busy,
        "clients": clients,
        "settings": dataclasses.asdict(settings),
        "figures": [figure.document() for figure in figures],
        "seconds": run.seconds,
    }
    return document, all(figure.holds is not False for figure in figures)


def _say_facts(title: str, facts: Mapping[str, object]) -> None:
    say(f"{title}: " + "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items()))


if __name__ == "__main__":
    sys.exit(main())
