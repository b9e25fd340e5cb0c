"""Judge reports and merge them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from waybill.domain.encoded import value_of
from waybill.domain.event import Event, EventKind
from waybill.domain.merge import attempt_of, merge
from waybill.domain.report import Report
from waybill.domain.stage import has_advanced, passed
from waybill.domain.status import Outcome, Status
from waybill.domain.task import Task, TaskError
from waybill.domain.texts.censored import censored
from waybill_api.store.writing.unit import Unit

GRANTED = (Outcome.APPLIED, Outcome.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a report; `task` is set with a granted claim, and if the report changed nothing.

    With a granted claim, the task's `input` is that of the run: past a pipeline's first stage, the last result.
    """

    task_id: str | None
    """None if a key names no task."""
    outcome: Outcome
    task: Task | None = None
    is_granted: bool = False
    """Whether it is a claim that was granted, whose sender is shown the whole task."""


def report(unit: Unit, reports: Sequence[Report], malformed: int = 0) -> list[Judged]:
    """Judge and merge each report in turn; return the outcomes in the same order.

    `malformed` reports came with them that cannot be read; they are only counted.
    """
    unit.malformed += malformed
    unit.prefetch_keys(said.key for said in reports if said.key is not None)
    named = [said if said.key is None else replace(said, task_id=unit.by_key(said.key)) for said in reports]
    unit.prefetch(said.task_id for said in named if said.task_id is not None)
    judged = [_report(unit, said) for said in named]
    unit.outcomes.update(one.outcome for one in judged)
    return judged


def _report(unit: Unit, said: Report) -> Judged:
    task = None if said.task_id is None else unit.find(said.task_id)
    if task is None:
        return Judged(said.task_id, Outcome.UNKNOWN)
    if task.secret and said.error is not None:
        said = replace(said, error=_censored(said.error, task))
    is_claim = said.claim is not None and task.claim is None and said.status is Status.PROCESSING
    after, outcome = merge(task, said, now=unit.now, claimable=not is_claim or _is_claimable(unit, task, said))
    if after is not task:
        unit.put(after)
    unit.record(
        Event(
            task_id=task.task_id,
            attempt=attempt_of(task, said),
            run=said.run or task.run,
            seq=said.seq,
            source=said.source,
            kind=EventKind.CLAIM if is_claim else EventKind.REPORT,
            outcome=outcome,
            task_status=after.status,
            recorded_at=unit.now,
            said=_said(said),
        )
    )
    if has_advanced(task, after):
        unit.keep_result(passed(task, said.result, now=unit.now))
        unit.record_own(after, EventKind.ADVANCE, {"stage": after.stage})
    if _has_crashed(task, after):
        taken = {"worker": task.worker, "run": task.run, "crashed": True, "alone": True}
        unit.record_own(after, EventKind.RELEASE, taken)
    if said.claim is not None and said.status is Status.PROCESSING and outcome in GRANTED:
        return Judged(said.task_id, outcome, unit.as_granted(after), is_granted=True)
    return Judged(said.task_id, outcome, None if outcome is Outcome.APPLIED else after)


def _censored(error: TaskError, task: Task) -> TaskError:
    """Return an error without the secrets of the task's input."""
    given = value_of(task.input)
    detail = None if error.detail is None else censored(error.detail, task.secret, given)
    return error._replace(message=censored(error.message, task.secret, given), detail=detail)


def _has_crashed(before: Task, after: Task) -> bool:
    """Whether a report opened the next run after a crash of the isolated one."""
    return after.crashes > before.crashes and not after.status.is_final


def _is_claimable(unit: Unit, task: Task, said: Report) -> bool:
    task_type = unit.task_type(task.type)
    is_paused = task_type is not None and task_type.paused
    return not is_paused and not unit.is_gone(said.source) and unit.has_been_left(task)


def _said(said: Report) -> dict[str, Any]:
    """Return the fields of a report for the history, without its claim."""
    known = {
        "status": None if said.status is None else int(said.status),
        "stage": said.stage,
        "progress": said.progress,
        "metadata": said.metadata,
        "result": said.result,
        "error": None if said.error is None else _error(said.error),
    }
    return {**said.extra, **{key: value for key, value in known.items() if value is not None}}


def _error(error: TaskError) -> dict[str, Any]:
    return {key: value for key, value in error._asdict().items() if value is not None}
