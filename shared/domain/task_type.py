"""A task type: what its tasks take from it when they are created."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskType:
    """A kind of task. Durations are seconds; times are milliseconds since the epoch, UTC."""

    name: str
    title: str = ""
    handler: str | None = None
    """The function that runs its tasks; None where outside services report on them (tracked)."""
    processing_time: int | None = None
    """The default for tasks that do not give their own."""
    timeout: int | None = None
    """How long one run may take."""
    max_attempts: int = 1
    """How many failures of the handler a task may have before it ends in ERROR."""
    min_backoff: float = 1.0
    max_backoff: float = 300.0
    priority: int = 0
    paused: bool = False
    """While paused, its tasks wait and no run may be claimed."""
    created_at: int = 0
