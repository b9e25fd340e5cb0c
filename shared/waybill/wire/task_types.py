"""A task type on the wire."""

import json
from collections.abc import Collection
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
    with_config,
)
from typing_extensions import TypedDict

from waybill.domain.declaration import KIND, edited_with
from waybill.domain.encoded import Encoded, value_of
from waybill.domain.task_type import BACKOFFS_IN_ORDER, HANDLER_AND_STAGES, ONLY_TRACKED_ARE_SILENT, TaskType
from waybill.schemas.input_schema import check
from waybill.wire.fields import Body, Label, Priority, Seconds, Stages, TypeName, distinct
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
MAX_SECRETS = 100
Secret = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=128)], ...],
    Field(
        strict=False,  # a list of JSON is no tuple
        max_length=MAX_SECRETS,
        description="The fields of `input` that are never shown; only the worker that runs a task is given them.",
        json_schema_extra={"uniqueItems": True},
    ),
    AfterValidator(distinct),
]


def compact(value: Any) -> str:
    """Return a value as JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def checked(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema. Raises ValueError if it is none, or too large, or too complex."""
    check(schema)
    return schema


InputSchema = Annotated[
    Annotated[dict[str, Any], AfterValidator(checked)] | None,
    Field(
        description="A JSON Schema (2020-12, up to 16 KiB, without references to elsewhere) that the `input` of its "
        "tasks must fit; null: any input will do."
    ),
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
    input_schema: InputSchema = None
    secret: Secret = ()

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
        """Return the domain's record of it; who creates a type has chosen what runs its tasks, or that nothing does."""
        edited = edited_with((*self.model_fields_set, *KIND))
        return TaskType(name=self.name, **given_fields(self), edited=edited)


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
    input_schema: InputSchema = None
    secret: Secret = ()


class DeclareTaskType(Body):
    """What the code of a handler says of its type. Fields that a person has set stay as they are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"handler": "resize", "title": "Resize a picture", "max_attempts": 3}],
            "oneOf": [
                {"required": [given], "properties": {given: {"not": {"type": "null"}}, other: {"type": "null"}}}
                for given, other in (KIND, KIND[::-1])
            ],
        }
    )

    title: Title = ""
    handler: Handler = None
    stages: Stages | None = None
    timeout: Timeout = None
    max_attempts: Attempts = 1
    min_backoff: Backoff = 1.0
    max_backoff: Backoff = 300.0
    priority: Priority = 0
    input_schema: InputSchema = None
    secret: Secret = ()

    @model_validator(mode="after")
    def _is_run_in_one_way(self) -> Self:
        if (self.handler is None) == (self.stages is None):
            raise ValueError("give either a handler or stages")
        if self.min_backoff > self.max_backoff:
            raise ValueError(BACKOFFS_IN_ORDER)
        return self


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
                    "input_schema": {"type": "object", "properties": {"width": {"type": "integer"}}},
                    "secret": [],
                    "declared": {"handler": "resize", "title": "Resize a picture", "max_attempts": 5},
                    "edited": ["max_attempts"],
                    "created_at": "2026-01-31T09:30:00.250Z",
                    "served": True,
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
    input_schema: Annotated[
        dict[str, Any] | None, Field(description="The JSON Schema of its tasks' input; null: any input will do.")
    ]
    secret: Annotated[list[str], Field(description="The fields of `input` that are never shown.")]
    declared: Annotated[
        dict[str, Any] | None, Field(description="What the code of its handler last declared; null: nothing.")
    ]
    edited: Annotated[
        list[str], Field(description="The fields that a person has set, and that a declaration leaves alone.")
    ]
    created_at: str
    served: Annotated[
        bool | None,
        Field(description="Whether live workers have all its handlers; null if outside services report on its tasks."),
    ]


def given_fields(body: CreateTaskType | ChangeTaskType | DeclareTaskType) -> dict[str, Any]:
    """Return the fields that a body gives, but for the name, as the domain has them."""
    given = body.model_dump(exclude_unset=True, exclude={"name"})
    if given.get("input_schema") is not None:
        given["input_schema"] = Encoded(compact(given["input_schema"]))
    return given


BESIDE = ("declared", "edited", "served")


def version_json(task_type: TaskType) -> dict[str, Any]:
    """Write the version of a task type: all but what workers say of it, so that it changes with people alone."""
    return {name: value for name, value in task_type_json(task_type).items() if name not in BESIDE}


def task_type_json(task_type: TaskType, served: Collection[str] = ()) -> TaskTypeJson:
    """Write a task type; `served` holds the handlers that live workers have."""
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
        "input_schema": value_of(task_type.input_schema),
        "secret": list(task_type.secret),
        "declared": value_of(task_type.declared),
        "edited": list(task_type.edited),
        "created_at": rfc3339(task_type.created_at),
        "served": None if task_type.is_tracked else all(handler in served for handler in task_type.handlers),
    }
