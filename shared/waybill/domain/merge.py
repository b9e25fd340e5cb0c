"""Merge of a report into a task: the one place where a stale, doubled, reordered or forged report is refused."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from waybill.domain.report import Report
from waybill.domain.status import ErrorCode, Outcome, Status
from waybill.domain.task import Position, Task, TaskError
from waybill.domain.transitions import advance, crash, end, fail

METADATA_CAP = 65_536
"""The largest metadata of a task, in bytes of JSON; a value that would exceed it is left out."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

ABSENT: Any = object()
"""The value of a key that metadata lacks; None is a value."""

BEFORE_ALL = Position(0, 0, "")
"""The position of a value that no report has written, such as the metadata of the create."""
RETRIED = (ErrorCode.FAILED, ErrorCode.TIMEOUT)


def merge(task: Task, report: Report, *, now: int, claimable: bool = True) -> tuple[Task, Outcome]:
    """Merge a report into a task; the task is unchanged unless the outcome is `applied`.

    `claimable` says whether a first claim may be granted (not if the type is paused, or if the worker is gone).
    `now` is in milliseconds since the epoch.
    """
    attempt = attempt_of(task, report)
    if attempt > task.attempt:
        return task, Outcome.REFUSED
    if attempt < task.attempt:
        return task, Outcome.STALE
    if report.claim is None:
        if not task.is_tracked and not _says_only_metadata(report):
            return task, Outcome.REFUSED
        return _fold(task, report, now)
    if task.is_tracked or report.run != task.run:
        return task, Outcome.STALE if _is_of_a_passed_stage(task, report) else Outcome.REFUSED
    if task.claim is None:
        if not claimable or not _may_claim(task, report, now):
            return task, Outcome.REFUSED
        return _fold(task, report, now, _claimed(task, report, now))
    if report.claim != task.claim:
        return task, Outcome.REFUSED
    return _fold(task, report, now)


def attempt_of(task: Task, report: Report) -> int:
    """Return the attempt of a report; if it names none, the first if it has a `seq`, else the current one."""
    if report.attempt is not None:
        return report.attempt
    return task.attempt if report.seq is None else 1


def _is_of_a_passed_stage(task: Task, report: Report) -> bool:
    """Whether the report is of a stage that the task has passed."""
    return report.run is not None and report.run < task.stage_run


def _says_only_metadata(report: Report) -> bool:
    return all(said is None for said in (report.status, report.stage, report.progress, report.result, report.error))


def _may_claim(task: Task, report: Report, now: int) -> bool:
    return report.status is Status.PROCESSING and task.due_at is not None and task.due_at <= now


def _claimed(task: Task, report: Report, now: int) -> dict[str, Any]:
    isolated = task.isolate and report.isolates
    holder = {"claim": report.claim, "worker": report.source, "isolated": isolated, "leaving": None}
    return {**holder, "claimed_at": now, "due_at": None}


def _fold(task: Task, report: Report, now: int, claimed: Mapping[str, Any] = NOTHING) -> tuple[Task, Outcome]:
    """Merge with a single `replace`, which costs as much as all the rest."""
    if _conflicts(task, report):
        return task, Outcome.REFUSED
    registers, stale, dropped = _fold_registers(task, report, now)
    fields = {**claimed, **registers}
    if report.status is not None:
        if report.status.rank > task.status.rank:
            return _risen(task, fields, report, report.status, now), Outcome.APPLIED
        stale |= report.status.rank < task.status.rank
    if fields:
        return replace(task, **fields, heard_at=now, silent_at=None, version=task.version + 1), Outcome.APPLIED
    if dropped:
        return task, Outcome.INVALID
    return task, Outcome.STALE if stale else Outcome.DUPLICATE


def _conflicts(task: Task, report: Report) -> bool:
    """Whether the report says another end than the one that is kept."""
    if not task.status.is_final or report.status is None or not report.status.is_final:
        return False
    if report.status is not task.status:
        return True
    result, error = _ending(report)
    if error is not None:
        return not error.is_same(task.error)
    return not _same(result, task.result)


def _ending(report: Report) -> tuple[Any, TaskError | None]:
    """The result and the error that a final report leaves."""
    if report.status is Status.COMPLETED:
        return report.result, None
    return None, report.error or TaskError(ErrorCode.FAILED, "")


def _fold_registers(task: Task, report: Report, now: int) -> tuple[dict[str, Any], bool, bool]:
    """Return the fields with newer values, and whether any values were older, or too large for the cap."""
    seq = task.last_seq + 1 if report.seq is None else report.seq
    position = Position(task.run, seq, report.source)
    positions = dict(task.positions)
    metadata = dict(task.metadata)
    fields: dict[str, Any] = {}
    fresh = stale = dropped = False
    for register, said, held in _registers(task, report):
        if position <= positions.get(register, BEFORE_ALL):
            stale |= not _same(said, held)
            continue
        if report.seq is None and _same(said, held):
            continue
        group, _, key = register.partition("/")
        if group == "metadata":
            grown = metadata | {key: said}
            if said != held and metadata_size(grown) > METADATA_CAP:
                dropped = True
                continue
            metadata = grown
        else:
            fields[group] = said
        positions[register] = position
        fresh = True
    if not fresh:
        return {}, stale, dropped
    if fields.get("stage", task.stage) != task.stage:
        fields["stage_since"] = now
    return {**fields, "positions": positions, "metadata": metadata}, stale, dropped


def _registers(task: Task, report: Report) -> Iterator[tuple[str, Any, Any]]:
    """Yield each register that the report writes: its name, its new value and its present one."""
    if report.stage is not None and task.stages is None:
        yield "stage", report.stage, task.stage
    if report.progress is not None:
        yield "progress", report.progress, task.progress
    for key, said in (report.metadata or {}).items():
        yield f"metadata/{key}", said, task.metadata.get(key, ABSENT)


def _same(said: Any, held: Any) -> bool:
    """Whether two values are the same JSON; in Python, 1 also equals True and 1.0."""
    return bool(said == held) and json.dumps(said, sort_keys=True) == json.dumps(held, sort_keys=True)


def metadata_size(metadata: Mapping[str, Any]) -> int:
    """Return the size of metadata in bytes of JSON."""
    return len(json.dumps(metadata, ensure_ascii=False).encode())


def _risen(task: Task, fields: Mapping[str, Any], report: Report, status: Status, now: int) -> Task:
    if not status.is_final:
        fields = {**fields, "status": status, "started_at": now}
        return replace(task, **fields, heard_at=now, silent_at=None, version=task.version + 1)
    if fields:
        task = replace(task, **fields)
    result, error = _ending(report)
    if error is not None and error.code in RETRIED and not task.is_tracked:
        return fail(task, error, now=now)
    if error is not None and error.code is ErrorCode.WORKER_LOST and not task.is_tracked:
        return replace(crash(task, error.message, now=now, detail=error.detail), heard_at=now)
    if status is Status.COMPLETED and not task.is_at_last_stage:
        return advance(task, now=now)
    return end(task, status, now=now, result=result, error=error)
