"""The stages of a task on the wire: how far a pipeline has come, and the result of each stage."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from waybill.domain.stage import StageResult
from waybill.domain.status import Status
from waybill.domain.task import Task
from waybill.wire.tasks import TaskErrorJson, error_json
from waybill.wire.timestamps import rfc3339


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "stage": "fetch",
                    "state": "COMPLETED",
                    "attempt": 1,
                    "run": 1,
                    "started_at": "2026-01-31T09:30:00.262Z",
                    "finished_at": "2026-01-31T09:30:02.262Z",
                    "result": {"pages": 3},
                    "error": None,
                }
            ]
        }
    )
)
class StageJson(TypedDict):
    """A stage of a task; what it has left is durable."""

    stage: str
    state: Annotated[str, Field(description="NEW while it waits, PROCESSING, COMPLETED or ERROR.")]
    attempt: Annotated[int | None, Field(description="The task's attempt in which it stands or was passed.")]
    run: Annotated[int | None, Field(description="The run that it is in, or that passed it.")]
    started_at: Annotated[str | None, Field(description="When that run was claimed.")]
    finished_at: str | None
    result: Annotated[Any, Field(description="What the next stage is given.")]
    error: TaskErrorJson | None


def stages_json(task: Task, left: Sequence[StageResult]) -> list[StageJson]:
    """Write all stages of a task in order, given the results of the passed ones; a simple task has none."""
    if task.stages is None:
        return []
    return [*map(_passed, left), _present(task), *map(_ahead, task.stages[task.position + 1 :])]


def _passed(left: StageResult) -> StageJson:
    return {
        "stage": left.stage,
        "state": Status.COMPLETED.name,
        "attempt": left.attempt,
        "run": left.run,
        "started_at": rfc3339(left.started_at),
        "finished_at": rfc3339(left.finished_at),
        "result": left.result,
        "error": None,
    }


def _present(task: Task) -> StageJson:
    waits = Status.NEW if task.claimed_at is None else Status.PROCESSING
    return {
        "stage": task.stage or "",
        "state": (task.status if task.status.is_final else waits).name,
        "attempt": task.attempt,
        "run": task.run,
        "started_at": rfc3339(task.claimed_at),
        "finished_at": rfc3339(task.finished_at),
        "result": task.result,
        "error": error_json(task.error),
    }


def _ahead(stage: str) -> StageJson:
    return {
        "stage": stage,
        "state": Status.NEW.name,
        "attempt": None,
        "run": None,
        "started_at": None,
        "finished_at": None,
        "result": None,
        "error": None,
    }
