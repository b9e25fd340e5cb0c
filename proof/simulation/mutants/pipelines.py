"""Bugs in pipelines: the step to the next stage, its input, and the place where a retry goes on."""

import json
from dataclasses import replace
from sqlite3 import Connection
from typing import Any

from proof.simulation.mutants.mutant import Mutant
from waybill.domain import merge as merging
from waybill.domain import transitions
from waybill.domain.report import Report
from waybill.domain.status import Outcome, Status
from waybill.domain.task import Task
from waybill_api.store.commands import reports
from waybill_api.store.tables import stage_results
from waybill_api.store.writing.unit import Unit

merge, advance, enter = merging.merge, transitions.advance, transitions.enter
keep_result = Unit.keep_result


def _for_whatever_stage(task: Task, report: Report, **named: Any) -> tuple[Task, Outcome]:
    """Take the repeated end of an earlier stage for that of the present stage."""
    if report.status is Status.COMPLETED and report.claim is not None and (report.run or 0) < task.stage_run:
        report = replace(report, run=task.run, claim=task.claim, attempt=task.attempt)
    return merge(task, report, **named)


def _claimless(task: Task, report: Report, **named: Any) -> tuple[Task, Outcome]:
    """Accept a stage's end from a worker that has lost its run."""
    if task.stages is not None and task.is_held and report.status is Status.COMPLETED:
        report = replace(report, run=task.run, claim=task.claim, attempt=task.attempt)
    return merge(task, report, **named)


def _skipping(task: Task, *, now: int) -> Task:
    after = advance(task, now=now)
    return after if after.is_at_last_stage else enter(after, after.position + 1)


def _never_forgiving(task: Task, *, now: int) -> Task:
    return replace(advance(task, now=now), crashes=task.crashes)


def _back_to_the_start(task: Task, position: int) -> Task:
    return enter(task, 0 if task.status is Status.NEW else position)


def _straight_on(task: Task, position: int) -> Task:
    return enter(task, len(task.stages or ()) - 1 if task.attempt > 1 else position)


def _as_it_was_created(self: Unit, task: Task) -> Task:
    return task


def _oldest(connection: Connection, task_id: str, position: int) -> Any:
    sql = "SELECT result FROM stage_results WHERE task_id = ? AND position = ? ORDER BY attempt LIMIT 1"
    return json.loads(connection.execute(sql, (task_id, position)).fetchone()[0])


def _overwritten(self: Unit, left: Any) -> None:
    """Replace the results of all attempts by this one."""
    self.connection.execute("DELETE FROM stage_results WHERE task_id = ?", (left.task_id,))
    keep_result(self, left)


def _unkept(self: Unit, left: Any) -> None:
    return None


MUTANTS = (
    Mutant("the end of a passed stage passes the next one, too", ((reports, "merge", _for_whatever_stage),)),
    Mutant("a stage is passed without its claim", ((reports, "merge", _claimless),)),
    Mutant("a stage is left out", ((merging, "advance", _skipping),)),
    Mutant("a stage inherits the crashes of the one before", ((merging, "advance", _never_forgiving),)),
    Mutant("a retry starts a pipeline over", ((transitions, "enter", _back_to_the_start),)),
    Mutant("a retry goes on at the last stage", ((transitions, "enter", _straight_on),)),
    Mutant("a stage is given the task's own input", ((Unit, "as_granted", _as_it_was_created),)),
    Mutant("a stage is given what an earlier round has left", ((stage_results, "latest", _oldest),)),
    Mutant("the result of a stage overwrites another", ((Unit, "keep_result", _overwritten),)),
    Mutant("a stage is passed and its result is not kept", ((Unit, "keep_result", _unkept),)),
)
