"""The result of a stage of a pipeline: the input of the next one."""

from dataclasses import dataclass
from typing import Any

from waybill.domain.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """The result of a stage that is not the last. Times are milliseconds since the epoch, UTC."""

    task_id: str
    attempt: int
    position: int
    """Where the stage stands in its pipeline, from 0."""
    stage: str
    run: int
    result: Any
    started_at: int
    finished_at: int


def has_advanced(before: Task, after: Task) -> bool:
    """Whether a report has taken the task from one stage to the next."""
    return after.stages is not None and after.attempt == before.attempt and after.stage != before.stage


def passed(task: Task, result: Any, *, now: int) -> StageResult:
    """Return the result that the current stage of a task leaves."""
    return StageResult(
        task_id=task.task_id,
        attempt=task.attempt,
        position=task.position,
        stage=task.stage or "",
        run=task.run,
        result=result,
        started_at=now if task.claimed_at is None else task.claimed_at,
        finished_at=now,
    )
