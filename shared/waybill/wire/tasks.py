"""A task on the wire: what a create may say, and how a task is written."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from waybill.domain.encoded import value_of
from waybill.domain.task import Task, TaskError
from waybill.domain.texts.censored import without
from waybill.wire.fields import MAX_ITEMS, Body, Counter, ExternalKey, Metadata, Name, Priority, Seconds, TypeName
from waybill.wire.size import within_limit
from waybill.wire.timestamps import rfc3339

EXAMPLE_ID = "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"


class CreateTask(Body):
    """A task to be created: a name, how long it takes, and whatever else is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Resize the picture", "processing_time": 5}]})

    name: Name
    type: TypeName = "sleep"
    processing_time: Annotated[
        Seconds | None, Field(description="Seconds; needed if its handler is `sleep` and the type gives no default.")
    ] = None
    input: Annotated[Any, Field(description="What the handler is given: any JSON.")] = None
    priority: Annotated[Priority | None, Field(description="By default the type's; higher is sooner.")] = None
    timeout: Annotated[
        Annotated[int, Field(ge=1, le=604_800)] | None,
        Field(description="Seconds that one run of it may take, whatever its type says."),
    ] = None
    metadata: Annotated[Metadata, Field(description="Your own notes, by key.")] = Field(default_factory=dict)
    external_key: ExternalKey | None = None


class CreateTasks(Body):
    """Many tasks to be created, all or nothing."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tasks": [{"name": f"Page {n}", "processing_time": n} for n in (1, 2)]}]}
    )

    tasks: Annotated[
        list[Annotated[CreateTask, BeforeValidator(within_limit)]], Field(min_length=1, max_length=MAX_ITEMS)
    ]


class ExpectAttempt(Body):
    """The attempt that the caller believes to be the current one; another one is a conflict."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"attempt": 1}]})

    attempt: Counter | None = None


@with_config(ConfigDict(json_schema_extra={"examples": [{"task_id": EXAMPLE_ID}]}))
class TaskCreated(TypedDict):
    """The id under which a new task can be followed."""

    task_id: str


@with_config(ConfigDict(json_schema_extra={"examples": [{"task_ids": [EXAMPLE_ID]}]}))
class TasksCreated(TypedDict):
    """The ids of new tasks, in the order in which they were given."""

    task_ids: list[str]


class TaskErrorJson(TypedDict):
    """Why a task ended in ERROR."""

    code: Annotated[str, Field(description="failed, timeout, cancelled, worker_lost or no_handler.")]
    message: str
    detail: Annotated[str | None, Field(description="The traceback, or the last lines of stderr; null if unknown.")]


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task_id": EXAMPLE_ID,
                    "name": "Resize the picture",
                    "processing_time": 5,
                    "status": 2,
                    "status_name": "PROCESSING",
                    "type": "sleep",
                    "attempt": 1,
                    "run": 1,
                    "handler": "sleep",
                    "timeout": None,
                    "stage": None,
                    "progress": 0.4,
                    "metadata": {"lang": "en"},
                    "input": None,
                    "result": None,
                    "error": None,
                    "priority": 0,
                    "external_key": None,
                    "failures": 0,
                    "crashes": 0,
                    "losses": 0,
                    "isolate": False,
                    "created_at": "2026-01-31T09:30:00.250Z",
                    "started_at": "2026-01-31T09:30:00.262Z",
                    "finished_at": None,
                    "due_at": None,
                    "version": 3,
                    "stages": None,
                    "stage_since": "2026-01-31T09:30:00.250Z",
                    "heard_at": "2026-01-31T09:30:01.040Z",
                    "silent_at": None,
                }
            ]
        }
    )
)
class TaskJson(TypedDict):
    """A task, as it stands; durations are seconds, times RFC 3339 in UTC."""

    task_id: str
    name: str
    processing_time: int | None
    status: Annotated[int, Field(ge=1, le=4, description="1 NEW, 2 PROCESSING, 3 COMPLETED, 4 ERROR.")]
    status_name: str
    type: str
    attempt: Annotated[int, Field(description="1 plus the retries.")]
    run: Annotated[int, Field(description="Rises at every hand-over to a worker.")]
    handler: Annotated[
        str | None,
        Field(description="The function that runs it (in a pipeline its stage); null if outside services report."),
    ]
    timeout: int | None
    stage: Annotated[str | None, Field(description="As last reported; in a pipeline the one that is next or runs.")]
    progress: float | None
    metadata: dict[str, Any]
    input: Any
    result: Any
    error: TaskErrorJson | None
    priority: int
    external_key: str | None
    failures: int
    crashes: Annotated[int, Field(description="How often its run crashed alone; the fourth ends it.")]
    losses: Annotated[int, Field(description="How many workers were lost while they ran it beside other tasks.")]
    isolate: Annotated[bool, Field(description="Whether it is a suspect, to be run in a process of its own.")]
    created_at: str
    started_at: str | None
    finished_at: str | None
    due_at: Annotated[str | None, Field(description="When a worker may take it; null while one has it.")]
    version: Annotated[int, Field(description="Rises with every change; the ETag.")]
    stages: Annotated[list[str] | None, Field(description="Of a pipeline: the handlers that it goes through.")]
    stage_since: Annotated[str, Field(description="When it came to its stage.")]
    heard_at: Annotated[str, Field(description="When a report or the API last changed it.")]
    silent_at: Annotated[str | None, Field(description="When it fell silent; null while it is not silent.")]


def task_json(task: Task) -> TaskJson:
    """Write a task; its claim stays out."""
    return {
        "task_id": task.task_id,
        "name": task.name,
        "processing_time": task.processing_time,
        "status": task.status.value,
        "status_name": task.status.name,
        "type": task.type,
        "attempt": task.attempt,
        "run": task.run,
        "handler": task.handler,
        "timeout": task.timeout,
        "stage": task.stage,
        "progress": task.progress,
        "metadata": dict(task.metadata),
        "input": shown_input(task),
        "result": task.result,
        "error": error_json(task.error),
        "priority": task.priority,
        "external_key": task.external_key,
        "failures": task.failures,
        "crashes": task.crashes,
        "losses": task.losses,
        "isolate": task.isolate,
        "created_at": rfc3339(task.created_at),
        "started_at": rfc3339(task.started_at),
        "finished_at": rfc3339(task.finished_at),
        "due_at": rfc3339(task.due_at),
        "version": task.version,
        "stages": None if task.stages is None else list(task.stages),
        "stage_since": rfc3339(task.stage_since),
        "heard_at": rfc3339(task.heard_at),
        "silent_at": rfc3339(task.silent_at),
    }


def granted_json(task: Task) -> TaskJson:
    """Write a task for the worker that runs it, with the whole input."""
    written = task_json(task)
    written["input"] = value_of(task.input)
    return written


def shown_input(task: Task) -> Any:
    """Return the input of a task, with MASK in place of what is secret."""
    return without(task.secret, value_of(task.input))


def error_json(error: TaskError | None) -> TaskErrorJson | None:
    """Write why a task ended in ERROR."""
    if error is None:
        return None
    return {"code": error.code.value, "message": error.message, "detail": error.detail}
