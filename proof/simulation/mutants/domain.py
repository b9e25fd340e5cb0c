"""Bugs in the rules of merge, grant, release, retry and cancel."""

from dataclasses import replace
from typing import Any

from proof.simulation.mutants.mutant import Mutant
from waybill.domain import declaration, transitions
from waybill.domain import merge as merging
from waybill.domain.encoded import Encoded
from waybill.domain.report import Report
from waybill.domain.status import Outcome, Status
from waybill.domain.task import Position, Task
from waybill.domain.task_type import TaskType
from waybill.wire import reports as wire_reports
from waybill.wire import tasks
from waybill_api.store.commands import reports

merge, fold_registers = merging.merge, merging._fold_registers
release, fail, cancel = transitions.release, transitions.fail, transitions.cancel
next_attempt, taken_from, declare = transitions._next_attempt, transitions._taken_from, declaration.declare


def _without_claim(task: Task, report: Report, **named: Any) -> tuple[Task, Outcome]:
    if report.claim is not None and report.status is not None and report.status.is_final and task.is_held:
        report = replace(report, run=task.run, claim=task.claim, attempt=task.attempt)
    return merge(task, report, **named)


def _overwriting(task: Task, report: Report, **named: Any) -> tuple[Task, Outcome]:
    after, outcome = merge(task, report, **named)
    if outcome is Outcome.REFUSED and task.status.is_final and report.status is not None and report.status.is_final:
        return transitions.end(task, report.status, now=named["now"], result=report.result, error=report.error), outcome
    return after, outcome


def _taking_back(task: Task, report: Report, **named: Any) -> tuple[Task, Outcome]:
    after, outcome = merge(task, report, **named)
    if outcome is Outcome.STALE and task.status.is_final and report.status is Status.PROCESSING:
        return replace(task, status=Status.PROCESSING, result=None, error=None, finished_at=None), Outcome.APPLIED
    return after, outcome


def _of_any_attempt(task: Task, report: Report, **named: Any) -> tuple[Task, Outcome]:
    if report.attempt is not None and report.attempt < task.attempt:
        report = replace(report, attempt=task.attempt)
    return merge(task, report, **named)


def _by_arrival(task: Task, report: Report, now: int) -> tuple[dict[str, Any], bool, bool]:
    return fold_registers(replace(task, positions={key: Position(0, 0, "") for key in task.positions}), report, now)


def _granted_twice(task: Task, report: Report, **named: Any) -> tuple[Task, Outcome]:
    if report.status is Status.PROCESSING and report.run == task.run and task.is_held:
        report = replace(report, claim=task.claim)
    return merge(task, report, **named)


def _unwritten(task: Task, report: Report, now: int) -> dict[str, Any]:
    return {}


def _keeping_the_claim(task: Task, run: int, claim: str | None, **named: Any) -> Task:
    after = release(task, run, claim, **named)
    return after if after is task or after.status.is_final else replace(after, claim=task.claim, worker=task.worker)


def _uncounted(task: Task, run: int, claim: str | None, **named: Any) -> Task:
    return release(task, run, claim, **named | {"crashed": False})


def _collective(task: Task, run: int, claim: str | None, **named: Any) -> Task:
    return release(replace(task, isolated=False), run, claim, **named | {"alone": True})


def _the_same_run(task: Task, run: int, claim: str | None, **named: Any) -> Task:
    after = release(task, run, claim, **named)
    return after if after is task else replace(after, run=task.run)


def _error_first(task: Task, error: Any, *, now: int) -> Task:
    return transitions.end(replace(task, failures=task.failures + 1), Status.ERROR, now=now, error=error)


def _never_retried_enough(task: Task, error: Any, *, now: int) -> Task:
    return fail(replace(task, max_attempts=task.max_attempts + 2), error, now=now)


def _still_due(task: Task, attempt: int | None, *, now: int) -> Task:
    after = cancel(task, attempt, now=now)
    return replace(after, status=task.status, error=None, finished_at=None, started_at=task.started_at, due_at=now)


def _due_at_once(task: Task, *given: Any, **named: Any) -> Task:
    return next_attempt(replace(task, leaving=None), *given, **named)


def _of_the_type(task_type: TaskType, task: Task) -> Task:
    return taken_from(task_type, replace(task, has_own_timeout=False))


def _unheeding(name: str, said: Any, known: TaskType | None, text: Encoded) -> TaskType:
    return declare(name, said, None if known is None else replace(known, edited=()), text)


def _bare(secret: Any, value: Any) -> Any:
    return value


MUTANTS = (
    Mutant("a finish is taken without its claim", ((reports, "merge", _without_claim),)),
    Mutant("a second end overwrites the first", ((reports, "merge", _overwriting),)),
    Mutant("a late PROCESSING takes back the end", ((reports, "merge", _taking_back),)),
    Mutant("a report for an earlier attempt counts for this one", ((reports, "merge", _of_any_attempt),)),
    Mutant("the last report to arrive wins", ((merging, "_fold_registers", _by_arrival),)),
    Mutant("a run is granted to a second claim", ((reports, "merge", _granted_twice),)),
    Mutant("a claim is not written down", ((merging, "_claimed", _unwritten),)),
    Mutant("a release keeps the claim", ((transitions, "release", _keeping_the_claim),)),
    Mutant("a release leaves the run as it is", ((transitions, "release", _the_same_run),)),
    Mutant("a crash is not counted", ((transitions, "release", _uncounted),)),
    Mutant("every run of a lost worker is to blame", ((transitions, "release", _collective),)),
    Mutant("an attempt does not wait for the one before it", ((transitions, "_next_attempt", _due_at_once),)),
    Mutant("a failure shows ERROR before its retries", ((merging, "fail", _error_first),)),
    Mutant("a failure is retried too often", ((merging, "fail", _never_retried_enough),)),
    Mutant("a cancelled task stays due", ((transitions, "cancel", _still_due),)),
    Mutant("a retry takes the time-out of the type", ((transitions, "_taken_from", _of_the_type),)),
    Mutant("a declaration overwrites what a person has set", ((declaration, "declare", _unheeding),)),
    Mutant("an answer shows secrets", ((tasks, "without", _bare),)),
    Mutant("a worker is not given the secrets", ((wire_reports, "granted_json", tasks.task_json),)),
)
