"""The transitions of a task other than by reports: advance, release, time-out, cancel, retry and the like."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zlib import crc32

from waybill.domain.errors import AttemptHasMoved, TaskIsFinal, TaskIsNotFinal
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import API, Position, Task, TaskError
from waybill.domain.task_type import TaskType

CRASH_BUDGET = 4
"""A task that has crashed alone this often ends in ERROR `worker_lost`."""

LOSS_BUDGET = 16
"""So does a task that has lost this many other workers: it may kill workers that cannot isolate runs."""

LEAVING = 15_000
"""The most milliseconds (a lease) that an attempt waits until the worker has left the run before it."""


def enter(task: Task, position: int) -> Task:
    """Put a task before a stage of its pipeline, unclaimed."""
    if task.stages is None:
        raise ValueError("it is no pipeline")
    stage = task.stages[position]
    return replace(
        task,
        handler=stage,
        stage=stage,
        progress=None,
        claimed_at=None,
        positions=_of_metadata(task.positions) | {"stage": Position(task.run, 0, API)},
    )


def advance(task: Task, *, now: int) -> Task:
    """Go on to the next stage of a pipeline, with fresh failure and crash budgets; its run is due at once."""
    unclaimed = replace(
        task,
        run=task.run + 1,
        failures=0,
        crashes=0,
        losses=0,
        isolate=False,
        isolated=False,
        claim=None,
        worker=None,
        leaving=None,
        due_at=now,
        delay=0,
        stage_since=now,
        heard_at=now,
        version=task.version + 1,
    )
    return enter(unclaimed, task.position + 1)


def release(task: Task, run: int, claim: str | None, *, crashed: bool, now: int, alone: bool = True) -> Task:
    """Take a run from its worker and open the next one, due at once; the status stays as it is.

    Returns the task unchanged if `run` and `claim` no longer hold it. If the worker was lost (`crashed`), the task is a
    suspect from then on. The loss counts as a crash of the task only if the worker held no other run (`alone`) and did
    not isolate this one. A task that has used up one of the two budgets ends.
    """
    if not task.is_held or (task.run, task.claim) != (run, claim):
        return task
    if not crashed:
        return _hand_over(task, now=now)
    if alone and not task.isolated:
        return crash(task, "its worker was lost", now=now)
    lost = replace(task, losses=task.losses + 1, isolate=True)
    if lost.losses >= LOSS_BUDGET:
        error = TaskError(ErrorCode.WORKER_LOST, f"{lost.losses} workers were lost while they ran it")
        return end(replace(lost, claim=None, isolated=False), Status.ERROR, now=now, error=error)
    return _hand_over(lost, now=now)


def crash(task: Task, message: str, *, now: int, detail: str | None = None) -> Task:
    """Count a crash of the current run and open the next one, due at once, or end the task with its last one."""
    crashed = replace(task, crashes=task.crashes + 1, isolate=True)
    if crashed.crashes >= CRASH_BUDGET:
        error = TaskError(ErrorCode.WORKER_LOST, f"it crashed {crashed.crashes} times, at last: {message}", detail)
        return end(replace(crashed, claim=None, isolated=False), Status.ERROR, now=now, error=error)
    return _hand_over(crashed, now=now)


def _hand_over(task: Task, *, now: int) -> Task:
    return replace(
        task,
        run=task.run + 1,
        claim=None,
        worker=None,
        isolated=False,
        due_at=now,
        delay=0,
        version=task.version + 1,
    )


def time_out(task: Task, run: int, claim: str | None, *, now: int) -> Task:
    """Fail a run that took longer than its limit; unchanged if `run` and `claim` no longer hold the task."""
    if not task.is_held or (task.run, task.claim) != (run, claim):
        return task
    return fail(task, TaskError(ErrorCode.TIMEOUT, f"no end after {task.run_limit:g} s"), now=now)


def fall_silent(task: Task, *, now: int) -> Task:
    """Mark a tracked task as silent, or end it if it has `stage_timeout_ends`.

    Returns the task unchanged if it is not tracked, is marked already or has ended.
    """
    if not task.is_tracked or task.status.is_final or task.stage_timeout is None or task.silent_at is not None:
        return task
    if not task.stage_timeout_ends:
        return replace(task, silent_at=now, version=task.version + 1)
    error = TaskError(ErrorCode.TIMEOUT, f"no news for {task.stage_timeout} s")
    return replace(end(task, Status.ERROR, now=now, error=error), heard_at=task.heard_at)


def give_up(task: Task, *, now: int) -> Task:
    """End a due task whose route no worker serves in ERROR `no_handler`; unchanged if it is not due."""
    if task.due_at is None or task.due_at > now:
        return task
    error = TaskError(ErrorCode.NO_HANDLER, f"no worker serves {task.route}")
    return end(task, Status.ERROR, now=now, error=error)


def cancel(task: Task, attempt: int | None, *, now: int) -> Task:
    """End a task in ERROR `cancelled` at once; its worker's later finish will be refused.

    Raises TaskIsFinal, and AttemptHasMoved if `attempt` is given and is not the current one.
    """
    _expect(task, attempt)
    if task.status.is_final:
        raise TaskIsFinal()
    error = TaskError(ErrorCode.CANCELLED, "cancelled on request")
    leaving = task.worker if task.is_held else task.leaving
    return end(replace(task, claim=None, isolated=False, leaving=leaving), Status.ERROR, now=now, error=error)


def leave(task: Task, *, now: int) -> Task:
    """Note that no worker executes an earlier run any more; the attempt is then due after its own delay."""
    if task.leaving is None:
        return task
    left = replace(task, leaving=None)
    if task.due_at is None:
        return left
    due_at = min(task.due_at, max(now, task.stage_since + task.delay))
    return replace(left, due_at=due_at, version=task.version + 1)


def retry(task: Task, attempt: int | None, *, now: int, task_type: TaskType | None = None) -> Task:
    """Open another attempt of a final task, with fresh failure and crash budgets.

    It takes from its type what a new task would: handler or stages, limits, retries. A pipeline that ended in ERROR
    goes on at the stage that failed, or at the first one that the type has changed; a COMPLETED one starts over.
    Raises TaskIsNotFinal, and AttemptHasMoved if `attempt` is given and is not the current one.
    """
    _expect(task, attempt)
    if not task.status.is_final:
        raise TaskIsNotFinal()
    suspect = task.isolate and task.status is Status.ERROR
    anew = replace(task, failures=0, crashes=0, losses=0, isolate=suspect)
    position = 0 if task.status is Status.COMPLETED else task.position
    if task_type is not None:
        anew = _taken_from(task_type, anew)
        position = min(position, _stages_alike(task.stages, anew.stages))
    return _next_attempt(anew, position, now=now, delay=0)


def follow(task: Task, task_type: TaskType, *, now: int) -> Task:
    """Give a waiting task, whose handler no worker has, the handler that its type names now.

    Returns the task unchanged if it does not wait, if its type names the same handler or none, and if it would have to
    go back to a passed stage.
    """
    anew = _taken_from(task_type, task)
    if task.due_at is None or anew.is_tracked or _stages_alike(task.stages, anew.stages) < task.position:
        return task
    handler = anew.handler if anew.stages is None else anew.stages[task.position]
    if handler == task.handler:
        return task
    opened = replace(anew, run=task.run + 1, stage=None, progress=None, heard_at=now, version=task.version + 1)
    opened = replace(opened, positions=_of_metadata(task.positions))
    return opened if opened.stages is None else enter(opened, task.position)


def end(task: Task, status: Status, *, now: int, result: Any = None, error: TaskError | None = None) -> Task:
    """Put a task into a final status, with its result or error."""
    return replace(
        task,
        status=status,
        result=result,
        error=error,
        started_at=now if task.started_at is None else task.started_at,
        finished_at=now,
        due_at=None,
        heard_at=now,
        silent_at=None,
        version=task.version + 1,
    )


def taken_from(task_type: TaskType) -> dict[str, Any]:
    """Return the fields that a task takes from its type, at its creation and with a retry."""
    return {
        "handler": task_type.handler,
        "stages": task_type.stages,
        "timeout": task_type.timeout,
        "max_attempts": task_type.max_attempts,
        "min_backoff": task_type.min_backoff,
        "max_backoff": task_type.max_backoff,
        "stage_timeout": task_type.stage_timeout if task_type.is_tracked else None,
        "stage_timeout_ends": task_type.stage_timeout_ends,
    }


def fail(task: Task, error: TaskError, *, now: int) -> Task:
    """Apply the retry policy to a failed or timed-out run: the next attempt, or ERROR if none is left.

    A task that timed out is a suspect: only a process of its own allows to end a handler that does not stop.
    """
    failures = task.failures + 1
    failed = replace(task, failures=failures)
    if error.code is ErrorCode.TIMEOUT:
        failed = replace(failed, isolate=True, leaving=task.worker)
    if failures >= task.max_attempts:
        return end(failed, Status.ERROR, now=now, error=error)
    return _next_attempt(failed, failed.position, now=now, delay=backoff(failed))


def backoff(task: Task) -> int:
    """Return the milliseconds to wait after the latest failure: exponential, of which half to all is waited.

    The jitter is drawn from the task's id and its failures, so that it is the same wherever it is computed: equal
    jitter, see "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
    """
    exponent = min(task.failures - 1, 32)
    ceiling: float = min(task.max_backoff, task.min_backoff * 2**exponent)
    chance = crc32(f"{task.task_id}/{task.attempt}/{task.failures}".encode()) / 2**32
    return round(1000 * ceiling * (1 + chance) / 2)


def _next_attempt(task: Task, position: int, *, now: int, delay: int) -> Task:
    opened = replace(
        task,
        status=Status.NEW,
        attempt=task.attempt + 1,
        run=task.run + 1,
        claim=None,
        worker=None,
        isolated=False,
        claimed_at=None,
        stage=None,
        progress=None,
        positions=_of_metadata(task.positions),
        result=None,
        error=None,
        started_at=None,
        finished_at=None,
        due_at=None if task.is_tracked else now + (delay if task.leaving is None else max(delay, LEAVING)),
        delay=delay,
        stage_since=now,
        heard_at=now,
        silent_at=None,
        version=task.version + 1,
    )
    return opened if opened.stages is None else enter(opened, position)


def _taken_from(task_type: TaskType, task: Task) -> Task:
    """Return the task with the fields from its type; a pipeline has no stage's handler yet."""
    taken = taken_from(task_type)
    if task.has_own_timeout:
        del taken["timeout"]
    if task_type.stages is not None:
        taken["handler"] = task_type.stages[0]
    return replace(task, **taken)


def _stages_alike(before: tuple[str, ...] | None, after: tuple[str, ...] | None) -> int:
    """Return the position of the first stage that differs, or of the last stage if none does; 0 without stages."""
    if before is None or after is None:
        return 0
    pairs = enumerate(zip(before, after, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(before), len(after)) - 1)


def _of_metadata(positions: Mapping[str, Position]) -> dict[str, Position]:
    return {key: at for key, at in positions.items() if key.startswith("metadata/")}


def _expect(task: Task, attempt: int | None) -> None:
    if attempt is not None and attempt != task.attempt:
        raise AttemptHasMoved(attempt=task.attempt)
