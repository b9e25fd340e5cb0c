"""Runs the demonstration of pipelines: `python -m demo.pipeline`. It exits with 0 if only Waybill is right."""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from demo.installation import installation
from demo.pipeline.belt import carry
from demo.pipeline.counter import begin_to_count, counted, said
from demo.pipeline.table import table
from demo.pipeline.tally import Tally, lost_keys, steps_back, verdict, wrong_statuses
from demo.pipeline.tracker import Tracker, tracker
from demo.pipeline.wire import Wire
from demo.pipeline.work import TYPE, Parcel, names, parcels
from throwaway import cluster, program
from throwaway.installation import Installation
from throwaway.program import say

SAY_EVERY = 5.0
BATCH = 1_000


def main() -> int:
    """Run the demonstration and return the exit code."""
    arguments = _arguments()
    return program.run(lambda: _demonstrate(arguments.tasks, arguments.services, arguments.seed))


def _demonstrate(tasks: int, services: int, seed: int) -> int:
    start = time.monotonic()
    say(f"{tasks:,} JSONs pass through {services} services, each of which reports 3 times on each; seed {seed}.")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waybill-demo-")))
        naive = list(_naive(stack, folder))
        waybill = stack.enter_context(installation())
        given = parcels(tasks)
        wire = stack.enter_context(Wire(("127.0.0.1", waybill.port), seed, naive))
        _create(waybill, naive, given)
        begin_to_count(waybill.data / "tasks.db")
        options = {
            "url": wire.url,
            "token-file": str(waybill.data / "worker.token"),
            "spools": str(folder / "spools"),
            "seed": str(seed),
        }
        carry(given, services, options, folder / "services.log", _Progress(tasks))
        wire.settle()
        say(f"All have come out after {time.monotonic() - start:.0f} s; the naive trackers write what is left.")
        # Only now: they cannot keep up, and would take processor time from Waybill.
        for one in naive:
            one.begin()
        for one in naive:
            one.settle()
        keys = [parcel.key for parcel in given]
        ours = _tally(waybill, wire.delivered, keys, services)
        updates_said, outcomes = said(waybill.port)
        theirs = [_tally_naive(one, wire.delivered, keys, services) for one in naive]
    met = ", ".join(
        f"{count} {fate.value}" for fate, count in sorted(wire.requests.items(), key=lambda one: one[0].value)
    )
    say(f"\nRequests with reports: {met}.")
    say("Waybill's outcomes: " + ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items()) + ".")
    say(f"\n{table([ours, *theirs])}\n")
    complaints = verdict(ours, theirs)
    if updates_said != ours.updates:
        complaints.append(f"/metrics says {updates_said:,} row updates, the database {ours.updates:,}.")
    say("\n".join(complaints) or "The same reports, the same faults: only one of them can be believed.")
    say(f"Took {time.monotonic() - start:.0f} s.")
    return 1 if complaints else 0


def _naive(stack: contextlib.ExitStack, folder: Path) -> Iterator[Tracker]:
    """Start a naive tracker on each available database."""
    yield stack.enter_context(tracker("naive, SQLite", "sqlite", str(folder / "naive.db"), folder))
    lacking = cluster.missing()
    if lacking is not None:
        say(f"Without the column for PostgreSQL: {lacking}.")
        return
    conninfo = stack.enter_context(cluster.cluster()).conninfo
    yield stack.enter_context(tracker("naive, PostgreSQL", "postgresql", conninfo, folder))


def _create(waybill: Installation, naive: Sequence[Tracker], given: Sequence[Parcel]) -> None:
    """Make a tracked task for every JSON, in every tracker."""
    waybill.client.create_task_type(TYPE, title="A JSON on its way", handler=None)
    tasks = [
        {"name": parcel.key, "type": TYPE, "external_key": parcel.key, "input": parcel.document} for parcel in given
    ]
    for start in range(0, len(tasks), BATCH):
        waybill.client.create_tasks(tasks[start : start + BATCH])
    for one in naive:
        one.create([parcel.key for parcel in given])


def _tally(waybill: Installation, delivered: int, keys: Sequence[str], services: int) -> Tally:
    tasks = waybill.client.list_tasks(type=TYPE)
    state = {task["external_key"]: (task["status"], task["metadata"]) for task in tasks}
    return Tally(
        name="Waybill",
        delivered=delivered,
        wrong=wrong_statuses(state, keys),
        lost=lost_keys(state, keys, names(services)),
        backwards=steps_back(_history(waybill)),
        updates=counted(waybill.data / "tasks.db"),
    )


def _history(waybill: Installation) -> Iterator[dict[str, object]]:
    """Yield all events that Waybill has recorded, in order."""
    after = 0
    while page := waybill.client.events(after):
        yield from page
        after = page[-1]["event_id"]


def _tally_naive(one: Tracker, delivered: int, keys: Sequence[str], services: int) -> Tally:
    state = one.state()
    costs = one.costs()
    return Tally(
        name=one.name,
        delivered=delivered,
        wrong=wrong_statuses(state, keys),
        lost=lost_keys(state, keys, names(services)),
        backwards=one.backwards,
        updates=costs["updates"],
        hot=costs.get("hot_updates"),
        dead=costs.get("dead_tuples"),
        wal=costs.get("wal_bytes"),
    )


class _Progress:
    """Prints from time to time how many JSONs have come out."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._start = self._said = time.monotonic()

    def __call__(self, arrived: int) -> None:
        now = time.monotonic()
        if now - self._said > SAY_EVERY:
            self._said = now
            say(f"{now - self._start:5.0f} s  {arrived:,} of {self._total:,} have come out")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m demo.pipeline",
        description="Follows JSONs through services and a bad network, with Waybill and with a naive tracker.",
    )
    parser.add_argument("--tasks", type=_some, default=1_000, help="how many JSONs (1000)")
    parser.add_argument("--services", type=_some, default=10, help="how many services, each a process (10)")
    parser.add_argument("--seed", type=int, default=7, help="decides the faults and how long the work takes (7)")
    return parser.parse_args()


def _some(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
