"""Chaos: real services under a seeded rain of faults. `python -m proof.chaos --tasks 1000 --faults 60 --seed 7`."""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from proof.checks import verdict
from proof.checks.checker import Findings, check
from proof.faults import Faults
from proof.journal import Journal
from proof.load import Load
from proof.plan import Plan, draw
from proof.record import Record
from proof.recorder import Recorder, gather
from proof.victim import Victim, victim
from throwaway import program
from throwaway.program import say
from waybill.api_error import ApiError
from waybill.client.calls import Calls
from waybill.host import logs

PATIENCE = 60.0
"""Seconds after the last fault in which every task must end: 13 of work, a lease of 15, and twice as many again."""

LOAD_PATIENCE = 60.0
POLL_SECONDS = 0.5
OPEN = (1, 2)


def run(plan: Plan, folder: Path) -> Findings:
    """Carry out a plan, keep its record in `folder`, and judge it. Raises CannotGoOn, ApiError."""
    with Journal(folder / "journal.jsonl") as journal, victim(folder, journal, plan.seed) as running:
        record = _act(plan, running, journal)
        ends, harm = running.own_ends(), running.proxy.harm
    findings = check(record)
    _keep(folder, "tasks.jsonl", record.tasks)
    _keep(folder, "events.jsonl", record.events)
    say(f"requests harmed: {', '.join(f'{kind} {count}' for kind, count in sorted(harm.items())) or 'none'}")
    say(f"services that ended by themselves: {_listed(ends)}")
    return findings


def _act(plan: Plan, running: Victim, journal: Journal) -> Record:
    load = Load(running.wire, plan.wishes, journal)
    recorder = Recorder(running.client, lambda: [one.task_id for one in load.creates if one.task_id is not None])
    try:
        recorder.start()
        load.start()
        Faults(running, journal).inflict(plan.faults)
        if not load.finish(LOAD_PATIENCE):
            say("some creates, cancels or retries were still not answered")
        _wait_for_ends(running.client)
        recorder.finish()
        tasks, events = gather(running.client, PATIENCE)
    finally:
        load.close()
        recorder.close()
    return Record(load.creates, load.asked, tasks, events, recorder.seen, recorder.looks, journal.deeds)


def _wait_for_ends(client: Calls) -> None:
    """Wait until every task is final, for PATIENCE at most."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if not any(next(client.list_tasks(limit=1, status=status), None) for status in OPEN):
                return
        except ApiError:
            pass
        time.sleep(POLL_SECONDS)


def _keep(folder: Path, name: str, items: Iterable[Mapping[str, Any]]) -> None:
    with (folder / name).open("x", encoding="utf-8") as file:
        file.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ×{count}" for name, count in counts.items()) or "none"


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m proof.chaos", description=__doc__)
    parser.add_argument("--tasks", type=_positive, default=1_000, help="how many tasks are created (1000)")
    parser.add_argument("--faults", type=_positive, default=60, help="how many faults happen (60)")
    parser.add_argument("--seed", type=int, default=None, help="the seed of an earlier run, to have its plan again")
    parser.add_argument("--folder", type=Path, default=None, help="where to keep what happened (a new one in TMPDIR)")
    return parser.parse_args()


def main() -> int:
    """Do what the arguments say, and return the exit code: 1 if a promise was broken."""
    arguments = _arguments()
    logs.configure("error")
    return program.run(lambda: _main(arguments))


def _main(arguments: argparse.Namespace) -> int:
    """Draw a plan, carry it out, and print the verdict."""
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed  # noqa: S311  # chance, not secrecy
    plan = draw(seed, arguments.tasks, arguments.faults)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix=f"waybill-chaos-{seed}-"))
    folder.mkdir(parents=True, exist_ok=True)
    kinds = Counter(fault.kind for fault in plan.faults)
    say(
        f"chaos: {len(plan.wishes)} tasks and {len(plan.faults)} faults in {plan.seconds:.0f} s; SEED={seed} repeats it"
    )
    say(f"faults: {', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))}")
    say(f"what happens is kept in {folder}")
    start = time.monotonic()
    findings = run(plan, folder)
    say(f"it took {time.monotonic() - start:.0f} s\n\n{verdict.table(findings)}")
    return 0 if verdict.holds(findings) else 1


if __name__ == "__main__":
    sys.exit(main())
