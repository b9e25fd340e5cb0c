"""The runs that workers hold: compare them with the workers' heartbeats, and take them back."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from waybill.domain import transitions
from waybill.domain.errors import WorkerGone
from waybill.domain.event import EventKind
from waybill.domain.task import Task
from waybill_api.store.tables import tasks
from waybill_api.store.writing.unit import Unit


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run that a worker reports, and the seconds that it has been running."""

    task_id: str
    run: int
    claim: str
    elapsed: float = 0.0


def held_by(unit: Unit, worker_id: str) -> dict[tuple[str, int], str]:
    """Return the runs that the database gives to a worker, with their claims."""
    unit.flush()
    return tasks.held_by(unit.connection, worker_id)


def release(unit: Unit, runs: Sequence[HeldRun], *, crashed: bool) -> int:
    """Take runs from a worker, and return how many of them it still held.

    If the worker itself was lost, `runs` are all that it held: only a single run counts as crashed.
    """
    alone = len(runs) == 1
    return _take_back(
        unit,
        runs,
        EventKind.RELEASE,
        lambda task, held: transitions.release(task, held.run, held.claim, crashed=crashed, now=unit.now, alone=alone),
        lambda task: {"crashed": crashed, "alone": alone and not task.isolated} if crashed else {"crashed": crashed},
    )


def time_out(unit: Unit, runs: Sequence[HeldRun]) -> int:
    """Fail runs that take longer than their limit, and return how many there were."""
    unit.flush()
    limits = tasks.run_limits(unit.connection, [held.task_id for held in runs])
    return _take_back(
        unit,
        [held for held in runs if held.elapsed > limits.get(held.task_id, inf)],
        EventKind.TIMEOUT,
        lambda task, held: transitions.time_out(task, held.run, held.claim, now=unit.now),
        lambda task: {},
    )


def _take_back(
    unit: Unit,
    runs: Sequence[HeldRun],
    kind: EventKind,
    transition: Callable[[Task, HeldRun], Task],
    said: Callable[[Task], Mapping[str, Any]],
) -> int:
    unit.prefetch(held.task_id for held in runs)
    taken = 0
    for held in runs:
        task = unit.find(held.task_id)
        after = task and transition(task, held)
        if task is None or after is None or after is task:
            continue
        unit.put(after)
        unit.record_own(after, kind, {"worker": task.worker, "run": task.run, **said(task)})
        taken += 1
    return taken


def gone(unit: Unit, worker_id: str, *, crashed: bool) -> int:
    """Refuse a worker's claims from now on and release its runs; return how many there were."""
    held = held_by(unit, worker_id)
    unit.declare_gone(worker_id)
    _leave(unit, worker_id, frozenset())
    return release(unit, [HeldRun(*key, claim) for key, claim in held.items()], crashed=crashed)


def _leave(unit: Unit, worker_id: str, still: Collection[str]) -> None:
    """Note that a worker executes no run any more that was taken from it, except those of the tasks in `still`."""
    left = [task_id for task_id in tasks.left_by(unit.connection, worker_id) if task_id not in still]
    unit.prefetch(left)
    for task in filter(None, map(unit.find, left)):
        after = transitions.leave(task, now=unit.now)
        if after is not task:
            unit.put(after)


def drain(unit: Unit, worker_id: str, *, wanted: bool) -> None:
    """Ask a worker to take no more tasks, or to go on. Raises WorkerGone."""
    if unit.is_gone(worker_id):
        raise WorkerGone()
    unit.set_draining(worker_id, wanted)


def beat(unit: Unit, worker_id: str, runs: Sequence[HeldRun]) -> tuple[list[tuple[str, int]], list[HeldRun]]:
    """Compare the runs that a worker lists with those that it holds in the database.

    Returns the listed runs that it holds no longer, and the held runs that it does not list. Runs over their limit are
    timed out first. Raises WorkerGone.
    """
    if unit.is_gone(worker_id):
        raise WorkerGone()
    time_out(unit, runs)
    held = held_by(unit, worker_id)
    listed = {(run.task_id, run.run): run.claim for run in runs}
    lost = [key for key, claim in listed.items() if held.get(key) != claim]
    _leave(unit, worker_id, {task_id for task_id, _ in lost})
    missing = [HeldRun(*key, claim) for key, claim in held.items() if key not in listed]
    return lost, missing
