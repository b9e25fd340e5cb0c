"""A report on the wire: what may be said about a task, and what became of it."""

from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator, with_config
from typing_extensions import TypedDict

from waybill.domain.report import DEFAULT_SOURCE, Report, TaskKey
from waybill.domain.status import ErrorCode, Outcome, Status
from waybill.domain.task import DETAIL_CAP, Task, TaskError
from waybill.domain.texts.plain import plain
from waybill.domain.texts.tail import tail
from waybill.wire.fields import (
    MAX_ITEMS,
    Body,
    Claim,
    Counter,
    ExternalKey,
    Label,
    Metadata,
    Progress,
    Seq,
    TaskId,
    TypeName,
)
from waybill.wire.tasks import EXAMPLE_ID, TaskJson, granted_json, task_json


class ErrorSaid(BaseModel):
    """Why a task ended in ERROR, as a report says it."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, defer_build=True)

    code: Literal["failed", "timeout", "cancelled", "worker_lost", "no_handler"] = "failed"
    message: str = ""
    detail: Annotated[
        str | None,
        AfterValidator(lambda text: None if text is None else tail(plain(text), DETAIL_CAP)),
        Field(description="A traceback, say, without escape sequences; of more than 8 KiB the end is kept."),
    ] = None


class ReportBody(BaseModel):
    """A report on a task; every field may be absent, and unknown fields are kept in the history."""

    model_config = ConfigDict(
        strict=True, extra="allow", frozen=True, defer_build=True, json_schema_extra={"examples": [{"status": 2}]}
    )

    attempt: Annotated[Counter | None, Field(description="By default the current one; with `seq`, 1.")] = None
    seq: Seq | None = None
    source: Annotated[Label, Field(description="The name of the reporting service or worker.")] = DEFAULT_SOURCE
    run: Counter | None = None
    claim: Claim | None = None
    status: Annotated[
        int | None, Field(ge=1, le=4, description="1 NEW, 2 PROCESSING, 3 COMPLETED, 4 ERROR; it only ever rises.")
    ] = None
    stage: Label | None = None
    progress: Progress | None = None
    metadata: Metadata | None = None
    result: Annotated[Any, Field(description="Any JSON; counts with status 3.")] = None
    error: Annotated[ErrorSaid | None, Field(description="Counts with status 4.")] = None
    isolates: Annotated[
        bool | None,
        Field(description="With a claim: whether the worker runs a task that says `isolate` in a process of its own."),
    ] = None

    def to_report(self, task_id: str | None, key: TaskKey | None = None) -> Report:
        """Return the domain's record of it, on the task with this id or key."""
        error = self.error
        return Report(
            task_id=task_id,
            key=key,
            attempt=self.attempt,
            seq=self.seq,
            source=self.source,
            run=self.run,
            claim=self.claim,
            status=None if self.status is None else Status(self.status),
            stage=self.stage,
            progress=self.progress,
            metadata=self.metadata,
            result=self.result,
            error=None if error is None else TaskError(ErrorCode(error.code), error.message, error.detail),
            isolates=bool(self.isolates),
            extra=self.model_extra or {},
        )


class TaskReport(ReportBody):
    """A report on the task of the path; a `task_id` may be repeated, but not be another."""

    task_id: TaskId | None = None


class ReportItem(ReportBody):
    """A report that names its task: by `task_id`, or by `type` and `external_key`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task_id": EXAMPLE_ID,
                    "attempt": 1,
                    "seq": 3,
                    "source": "enricher",
                    "status": 2,
                    "stage": "enrich",
                    "progress": 0.4,
                    "metadata": {"lang": "ru"},
                },
                {"type": "order", "external_key": "2026-0001", "status": 2},
            ],
            "oneOf": [{"required": ["task_id"]}, {"required": ["type", "external_key"]}],
        }
    )

    task_id: TaskId | None = None
    type: Annotated[TypeName | None, Field(description="With `external_key`, in place of `task_id`.")] = None
    external_key: ExternalKey | None = None

    @model_validator(mode="after")
    def _name_one_task(self) -> Self:
        if (self.task_id is None) == (self.external_key is None) or (self.task_id is None) != (self.type is not None):
            raise ValueError("name the task in one way: by task_id, or by type and external_key")
        return self

    def named(self) -> Report:
        """Return the domain's record of it, on the task that it names."""
        if self.type is None or self.external_key is None:
            return self.to_report(self.task_id)
        return self.to_report(None, TaskKey(self.type, self.external_key))


class Reports(Body):
    """Many reports; each is judged on its own, and a malformed one spoils no other."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reports": [{"task_id": EXAMPLE_ID, "status": 2}]}]})

    reports: Annotated[
        list[Any],
        Field(max_length=MAX_ITEMS, json_schema_extra={"items": {"$ref": "#/components/schemas/ReportItem"}}),
    ]


class OutcomeJson(TypedDict):
    """What became of one report."""

    task_id: Annotated[str | None, Field(description="The task's id; null if it is not known.")]
    outcome: Annotated[
        str, Field(description="; ".join(f"{outcome.value}" for outcome in Outcome), examples=[Outcome.APPLIED.value])
    ]
    task: NotRequired[
        Annotated[
            TaskJson,
            Field(description="With a granted claim, with the `input` of its run; or if nothing was applied."),
        ]
    ]
    detail: NotRequired[Annotated[str, Field(description="What is wrong with an invalid report.")]]


@with_config(
    ConfigDict(json_schema_extra={"examples": [{"outcomes": [{"task_id": EXAMPLE_ID, "outcome": "applied"}]}]})
)
class Outcomes(TypedDict):
    """An outcome for each report, in the same order."""

    outcomes: list[OutcomeJson]


def outcome_json(task_id: str | None, outcome: Outcome, task: Task | None, *, is_granted: bool = False) -> OutcomeJson:
    """Write what became of a report, with the task if there is one to show: the whole one with a granted claim."""
    if task is None:
        return {"task_id": task_id, "outcome": outcome.value}
    return {"task_id": task_id, "outcome": outcome.value, "task": granted_json(task) if is_granted else task_json(task)}
