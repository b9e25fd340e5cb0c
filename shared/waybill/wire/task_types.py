"""A task type on the wire."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, ValidationInfo, field_validator, model_validator, with_config
from typing_extensions import TypedDict

from waybill.domain.task_type import BACKOFFS_IN_ORDER, HANDLER_AND_STAGES, ONLY_TRACKED_ARE_SILENT, TaskType
from waybill.wire.fields import Body, Label, Priority, Seconds, Stages, TypeName
from waybill.wire.timestamps import rfc3339

Title = Annotated[str, StringConstraints(max_length=200)]
Handler = Annotated[
    Label | None,
    Field(description="The function that runs its tasks; null: outside services report, or `stages` are given."),
]
Timeout = Annotated[Annotated[int, Field(ge=1, le=604_800)] | None, Field(description="Seconds that one run may take.")]
Attempts = Annotated[int, Field(ge=1, le=100, description="How many failures of the handler end a task in ERROR.")]
Backoff = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, description="Seconds.")]
StageTimeout = Annotated[
    Annotated[int, Field(ge=1, le=604_800)] | None,
    Field(description="Seconds without a report after which a tracked task is silent; others have `timeout`."),
]
StageTimeoutEnds = Annotated[bool, Field(description="Whether a silent task then ends in ERROR `timeout`.")]
NoHandlerAfter = Annotated[
    Annotated[int, Field(ge=1, le=604_800)] | None,
    Field(description="Seconds without a worker after which due tasks end in ERROR `no_handler`; null: they wait."),
]
DefaultTime = Annotated[Seconds | None, Field(description="Seconds, for tasks that give none of their own.")]

EXAMPLE: dict[str, str | int] = {
    "name": "resize",
    "title": "Resize a picture",
    "handler": "sleep",
    "processing_time": 5,
    "max_attempts": 3,
}


class CreateTaskType(Body):
    """A task type to be created."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE}]})

    name: TypeName
    title: Title = ""
    handler: Handler = None
    stages: Stages | None = None
    processing_time: DefaultTime = None
    timeout: Timeout = None
    max_attempts: Attempts = 1
    min_backoff: Backoff = 1.0
    max_backoff: Backoff = 300.0
    priority: Priority = 0
    paused: bool = False
    stage_timeout: StageTimeout = None
    stage_timeout_ends: StageTimeoutEnds = False
    no_handler_after: NoHandlerAfter = None

    @field_validator("stages")
    @classmethod
    def _has_no_handler(cls, stages: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if stages is not None and info.data.get("handler") is not None:
            raise ValueError(HANDLER_AND_STAGES)
        return stages

    @field_validator("stage_timeout")
    @classmethod
    def _is_tracked(cls, stage_timeout: int | None, info: ValidationInfo) -> int | None:
        if stage_timeout is not None and any(info.data.get(field) is not None for field in ("handler", "stages")):
            raise ValueError(ONLY_TRACKED_ARE_SILENT)
        return stage_timeout

    @model_validator(mode="after")
    def _backoff_in_order(self) -> Self:
        if self.min_backoff > self.max_backoff:
            raise ValueError(BACKOFFS_IN_ORDER)
        return self

    def to_task_type(self) -> TaskType:
        """Return the domain's record of it."""
        return TaskType(**dict(self))


class ChangeTaskType(Body):
    """What is to change about a task type; tasks that exist keep what they were created with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"max_attempts": 5}]})

    title: Title = ""
    handler: Handler = None
    stages: Stages | None = None
    processing_time: DefaultTime = None
    timeout: Timeout = None
    max_attempts: Attempts = 1
    min_backoff: Backoff = 1.0
    max_backoff: Backoff = 300.0
    priority: Priority = 0
    paused: bool = False
    stage_timeout: StageTimeout = None
    stage_timeout_ends: StageTimeoutEnds = False
    no_handler_after: NoHandlerAfter = None


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **EXAMPLE,
                    "stages": None,
                    "timeout": None,
                    "min_backoff": 1.0,
                    "max_backoff": 300.0,
                    "priority": 0,
                    "paused": False,
                    "stage_timeout": None,
                    "stage_timeout_ends": False,
                    "no_handler_after": None,
                    "created_at": "2026-01-31T09:30:00.250Z",
                }
            ]
        }
    )
)
class TaskTypeJson(TypedDict):
    """A task type; durations are seconds."""

    name: str
    title: str
    handler: str | None
    stages: list[str] | None
    processing_time: int | None
    timeout: int | None
    max_attempts: int
    min_backoff: float
    max_backoff: float
    priority: int
    paused: bool
    stage_timeout: int | None
    stage_timeout_ends: bool
    no_handler_after: int | None
    created_at: str


def task_type_json(task_type: TaskType) -> TaskTypeJson:
    """Write a task type."""
    return {
        "name": task_type.name,
        "title": task_type.title,
        "handler": task_type.handler,
        "stages": None if task_type.stages is None else list(task_type.stages),
        "processing_time": task_type.processing_time,
        "timeout": task_type.timeout,
        "max_attempts": task_type.max_attempts,
        "min_backoff": task_type.min_backoff,
        "max_backoff": task_type.max_backoff,
        "priority": task_type.priority,
        "paused": task_type.paused,
        "stage_timeout": task_type.stage_timeout,
        "stage_timeout_ends": task_type.stage_timeout_ends,
        "no_handler_after": task_type.no_handler_after,
        "created_at": rfc3339(task_type.created_at),
    }
