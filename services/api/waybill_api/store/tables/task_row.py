"""One row of `tasks`, from and to a Task; a model object per row would cost more than the query itself."""

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from waybill.domain.encoded import Encoded
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import Position, Task, TaskError

ERROR = ("error_code", "error_message", "error_detail")
COLUMNS = tuple(column for field in fields(Task) for column in (ERROR if field.name == "error" else (field.name,)))
"""The fields of a Task, in their order."""
FIXED = (
    "task_id",
    "name",
    "type",
    "processing_time",
    "input",
    "secret",
    "priority",
    "external_key",
    "has_own_timeout",
    "created_at",
)
"""The columns that never change after creation."""
TAKEN = ("stages", "timeout", "max_attempts", "min_backoff", "max_backoff", "stage_timeout", "stage_timeout_ends")
"""The columns that a task takes from its type, and rarely again; a pipeline's handler changes with its stage."""
CHANGING = tuple(column for column in COLUMNS if column not in FIXED + TAKEN)
LEARNT = ("progress", "metadata", "positions", "heard_at", "version")
"""The columns that change if a report only writes registers."""

LONG = tuple(COLUMNS.index(column) for column in ("input", "metadata", "positions", "result", *ERROR[1:]))
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
        _dump(task.secret) if task.secret else None,
        task.priority,
        task.external_key,
        task.has_own_timeout,
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
    code, message, detail = task.error or (None, None, None)
    return (
        task.handler,
        int(task.status),
        task.attempt,
        task.run,
        task.failures,
        task.crashes,
        task.losses,
        task.isolate,
        task.isolated,
        task.claim,
        task.worker,
        task.leaving,
        task.claimed_at,
        task.stage,
        task.stage_since,
        task.heard_at,
        task.silent_at,
        task.progress,
        _dump(task.metadata) if task.metadata else "{}",
        _dump(task.positions) if task.positions else "{}",
        _dump(task.result),
        code,
        message,
        detail,
        task.started_at,
        task.finished_at,
        task.due_at,
        task.delay,
        task.version,
    )


def learnt(task: Task) -> tuple[Any, ...]:
    """Return the values of LEARNT."""
    metadata, positions = _dump(task.metadata), _dump(task.positions)
    return task.progress, metadata, positions, task.heard_at, task.version


def is_quiet(before: Task, after: Task) -> bool:
    """Whether only registers have changed: every transition changes one of these."""
    return (
        before.status is after.status
        and before.run == after.run
        and before.claim == after.claim
        and before.stage == after.stage
        and before.silent_at == after.silent_at
        and before.leaving == after.leaving
    )


def takes_nothing(before: Task, after: Task) -> bool:
    """Whether the columns of TAKEN are unchanged: only another attempt or another handler changes them."""
    if before.attempt == after.attempt and before.handler == after.handler:
        return True
    return taken(before) == taken(after)


def task_of(row: Sequence[Any]) -> Task:
    """Return the task of a row of COLUMNS."""
    read = dict(zip(COLUMNS, row, strict=True))
    code, message, detail = (read.pop(column) for column in ERROR)
    read["error"] = None if code is None else TaskError(ErrorCode(code), message, detail)
    read["status"] = Status(read["status"])
    read["input"], read["result"] = _load(read["input"]), _load(read["result"])
    read["stages"] = None if read["stages"] is None else tuple(json.loads(read["stages"]))
    read["secret"] = () if read["secret"] is None else tuple(json.loads(read["secret"]))
    for column in ("has_own_timeout", "stage_timeout_ends", "isolate", "isolated"):
        read[column] = bool(read[column])
    read["metadata"] = json.loads(read["metadata"])
    read["positions"] = {key: Position(*at) for key, at in json.loads(read["positions"]).items()}
    return Task(**read)
