"""Create, change and delete task types."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from waybill.domain import declaration
from waybill.domain.encoded import Encoded
from waybill.domain.errors import Invalid, TaskTypeExists, TaskTypeInUse, TaskTypeNotFound
from waybill.domain.task_type import BACKOFFS_IN_ORDER, HANDLER_AND_STAGES, ONLY_TRACKED_ARE_SILENT, TaskType
from waybill_api.store.writing.unit import Unit

Condition = Callable[[TaskType], None]
"""Raises if the record differs from the one that the client has read."""


def create(unit: Unit, task_type: TaskType) -> TaskType:
    """Add a task type. Raises TaskTypeExists."""
    if unit.task_type(task_type.name) is not None:
        raise TaskTypeExists()
    created = replace(task_type, created_at=unit.now)
    unit.put_type(created)
    return created


def change(unit: Unit, name: str, changes: Mapping[str, Any], condition: Condition | None = None) -> TaskType:
    """Change fields of a task type; tasks that exist keep what they took from it.

    Raises TaskTypeNotFound, Invalid, and what the condition raises.
    """
    changed = declaration.edit(_load(unit, name, condition), changes)
    if changed.handler is not None and changed.stages is not None:
        raise Invalid(HANDLER_AND_STAGES, "/stages" if changes.get("stages") else "/handler")
    if changed.min_backoff > changed.max_backoff:
        raise Invalid(BACKOFFS_IN_ORDER, "/min_backoff" if "min_backoff" in changes else "/max_backoff")
    if changed.stage_timeout is not None and not changed.is_tracked:
        given = [field for field in ("stage_timeout", "handler", "stages") if changes.get(field) is not None]
        raise Invalid(ONLY_TRACKED_ARE_SILENT, f"/{given[0]}")
    unit.put_type(changed)
    return changed


def declare(unit: Unit, name: str, said: Mapping[str, Any], text: Encoded) -> tuple[TaskType, bool]:
    """Take over what code says of a task type, in `said` as in `text`; return the type, and whether it was made."""
    known = unit.task_type(name)
    declared = declaration.declare(name, said, known, text)
    if known is None:
        return create(unit, declared), True
    if declared != known:
        unit.put_type(declared)
    return declared, False


def delete(unit: Unit, name: str, condition: Condition | None = None) -> None:
    """Remove a task type that no task uses. Raises TaskTypeNotFound, TaskTypeInUse, and what the condition raises."""
    _load(unit, name, condition)
    if unit.is_type_in_use(name):
        raise TaskTypeInUse()
    unit.delete_type(name)


def _load(unit: Unit, name: str, condition: Condition | None = None) -> TaskType:
    task_type = unit.task_type(name)
    if task_type is None:
        raise TaskTypeNotFound()
    if condition is not None:
        condition(task_type)
    return task_type
