"""One row of `tasks`, from and to a Task; a model object per row would cost more than the query itself."""

import json
from collections.abc import Sequence
from typing import Any

from waybill.domain.encoded import Encoded
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import Position, Task, TaskError
from waybill_api.store.tables.models import TaskRow

COLUMNS: tuple[str, ...] = tuple(TaskRow._meta.sorted_field_names)
FIXED = ("task_id", "name", "type", "processing_time", "input", "priority", "external_key", "created_at")
"""The columns that never change after creation."""
TAKEN = (
    "stages",
    "timeout",
    "max_attempts",
    "min_backoff",
    "max_backoff",
    "stage_timeout",
    "stage_timeout_ends",
)
"""The columns that a task takes from its type, and rarely again; a pipeline's handler changes with its stage."""
CHANGING = tuple(column for column in COLUMNS if column not in FIXED + TAKEN)
LEARNT = ("progress", "metadata", "positions", "heard_at", "version")
"""The columns that change if a report only brings news."""

LONG = tuple(COLUMNS.index(column) for column in ("input", "metadata", "positions", "result", "error_message"))
"""The positions of the columns that may be long."""


def _dump(value: Any) -> str | None:
    if isinstance(value, Encoded):
        return value.text
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _load(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def fixed(task: Task) -> tuple[Any, ...]:
    """Return the values of FIXED."""
    return (
        task.task_id,
        task.name,
        task.type,
        task.processing_time,
        _dump(task.input),
        task.priority,
        task.external_key,
        task.created_at,
    )


def taken(task: Task) -> tuple[Any, ...]:
    """Return the values of TAKEN."""
    return (
        _dump(task.stages),
        task.timeout,
        task.max_attempts,
        task.min_backoff,
        task.max_backoff,
        task.stage_timeout,
        task.stage_timeout_ends,
    )


def changing(task: Task) -> tuple[Any, ...]:
    """Return the values of CHANGING."""
    code, message = task.error or (None, None)
    return (
        task.handler,
        int(task.status),
        task.attempt,
        task.run,
        task.failures,
        task.crashes,
        task.claim,
        task.worker,
        task.stage,
        task.progress,
        _dump(task.metadata) if task.metadata else "{}",
        _dump(task.positions) if task.positions else "{}",
        _dump(task.result),
        code,
        message,
        task.started_at,
        task.finished_at,
        task.due_at,
        task.delay,
        task.version,
        task.claimed_at,
        task.stage_since,
        task.heard_at,
        task.silent_at,
        task.losses,
        task.isolate,
        task.isolated,
        task.leaving,
    )


def learnt(task: Task) -> tuple[Any, ...]:
    """Return the values of LEARNT."""
    metadata, positions = _dump(task.metadata), _dump(task.positions)
    return task.progress, metadata, positions, task.heard_at, task.version


def is_quiet(before: Task, after: Task) -> bool:
    """Whether a task is where it was: no transition sets anything but registers without one of these."""
    return (
        before.status is after.status
        and before.run == after.run
        and before.claim == after.claim
        and before.stage == after.stage
        and before.silent_at == after.silent_at
        and before.leaving == after.leaving
    )


def takes_nothing(before: Task, after: Task) -> bool:
    """Whether a task has taken nothing again from its type: only another attempt or another handler does."""
    if before.attempt == after.attempt and before.handler == after.handler:
        return True
    return taken(before) == taken(after)


def task_of(row: Sequence[Any]) -> Task:
    """Return the task of a row of COLUMNS."""
    fields = dict(zip(COLUMNS, row, strict=True))
    code, message = fields.pop("error_code"), fields.pop("error_message")
    fields["error"] = None if code is None else TaskError(ErrorCode(code), message)
    fields["status"] = Status(fields["status"])
    fields["input"], fields["result"] = _load(fields["input"]), _load(fields["result"])
    fields["stages"] = None if fields["stages"] is None else tuple(json.loads(fields["stages"]))
    for column in ("stage_timeout_ends", "isolate", "isolated"):
        fields[column] = bool(fields[column])
    fields["metadata"] = json.loads(fields["metadata"])
    fields["positions"] = {key: Position(*at) for key, at in json.loads(fields["positions"]).items()}
    return Task(**fields)
