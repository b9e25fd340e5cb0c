"""The draft of a task, before the store has given it an id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """A task to create; a field that is None is taken from its type."""

    name: str
    type: str = "sleep"
    processing_time: int | None = None
    input: Any = None
    priority: int | None = None
    timeout: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    external_key: str | None = None
