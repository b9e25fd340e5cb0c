"""A report: what anybody says about a task, before it is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.status import Status
from shared.domain.task import TaskError

DEFAULT_SOURCE = "reporter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a reporter says; every field but `task_id` and `source` may be absent.

    `seq` is a logical clock that travels with the data: each report takes `max(received, its own last) + 1`
    (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978).
    """

    task_id: str
    attempt: int | None = None
    seq: int | None = None
    source: str = DEFAULT_SOURCE
    run: int | None = None
    claim: str | None = None
    status: Status | None = None
    stage: str | None = None
    progress: float | None = None
    metadata: Mapping[str, Any] | None = None
    result: Any = None
    error: TaskError | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields that this version does not know; kept in the history."""
