"""A report: what a worker or a service says about a task, before it is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from waybill.domain.status import Status
from waybill.domain.task import TaskError

DEFAULT_SOURCE = "reporter"


class TaskKey(NamedTuple):
    """A user's own key of a task: unique among the tasks of a type."""

    type: str
    external_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a source says about the task with this id or key; every other field but `source` may be absent.

    `seq` is a logical clock that travels with the data: each report takes `max(received, its own last) + 1`
    (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978).
    """

    task_id: str | None = None
    key: TaskKey | None = None
    """The key of the task if its id is not known; the store looks the id up."""
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
    isolates: bool = False
    """In a claim: whether the worker runs a suspect in a process of its own."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields that this version does not know; kept in the history."""
