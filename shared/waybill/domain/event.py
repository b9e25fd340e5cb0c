"""An event: what was said or done about a task, as recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from waybill.domain.status import Outcome, Status
from waybill.domain.task import API


class EventKind(StrEnum):
    """What was done."""

    CREATE = "create"
    REPORT = "report"
    CLAIM = "claim"
    ADVANCE = "advance"
    RELEASE = "release"
    TIMEOUT = "timeout"
    CANCEL = "cancel"
    RETRY = "retry"
    REROUTE = "reroute"
    """It waited for a handler that no worker has, and now takes the one that its type names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a task's history. `said` holds what a report said, its claim left out."""

    event_id: int = 0
    task_id: str
    attempt: int
    run: int
    seq: int | None = None
    source: str = API
    kind: EventKind
    outcome: Outcome = Outcome.APPLIED
    task_status: Status
    """The status that held afterwards."""
    recorded_at: int
    said: Mapping[str, Any] = field(default_factory=dict)
