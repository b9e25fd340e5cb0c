"""The declaration of a type: what the code of a handler says of it, and what of that counts."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from waybill.domain.encoded import Encoded
from waybill.domain.task_type import TaskType

KIND = ("handler", "stages")
"""The fields that say what runs the tasks of a type; who sets one of them sets both."""

DECLARABLE = (
    "title",
    *KIND,
    "timeout",
    "max_attempts",
    "min_backoff",
    "max_backoff",
    "priority",
    "input_schema",
    "secret",
)
"""The fields that a declaration may have."""

DEFAULTS = {field.name: field.default for field in fields(TaskType) if field.name in DECLARABLE}


def edited_with(names: Iterable[str], before: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names of the edited fields after a person has set fields with these names."""
    named = {name for name in names if name in DECLARABLE}
    kind = KIND if named.intersection(KIND) else ()
    return tuple(sorted({*before, *named, *kind}))


def edit(task_type: TaskType, changes: Mapping[str, Any]) -> TaskType:
    """Return a type with the fields that a person has set."""
    return replace(task_type, **changes, edited=edited_with(changes, task_type.edited))


def declare(name: str, said: Mapping[str, Any], known: TaskType | None, text: Encoded) -> TaskType:
    """Return the type of this name as it is after a declaration; `known` is the present one, None if there is none.

    Edited fields stay. The others are as declared, and those that the declaration does not have are as if none had ever
    been declared. `said` holds the fields of the declaration as a type has them, `text` the same as it is kept.
    """
    task_type = TaskType(name=name) if known is None else known
    free = {field: said.get(field, default) for field, default in DEFAULTS.items() if field not in task_type.edited}
    return _with_backoffs_in_order(replace(task_type, **free, declared=text))


def _with_backoffs_in_order(task_type: TaskType) -> TaskType:
    """Return a type whose declared back-off has given way to the edited one."""
    if task_type.min_backoff <= task_type.max_backoff:
        return task_type
    if "min_backoff" in task_type.edited:
        return replace(task_type, max_backoff=task_type.min_backoff)
    return replace(task_type, min_backoff=task_type.max_backoff)
