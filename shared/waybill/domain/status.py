"""The statuses of a task, what may follow what, and why a task ended in ERROR."""

from enum import IntEnum, StrEnum


class Status(IntEnum):
    """The assignment's four statuses; there is no fifth."""

    NEW = 1
    """It is kept, and waits for a worker (a tracked task for its first report)."""
    PROCESSING = 2
    """Work on it has begun."""
    COMPLETED = 3
    """Final: it ended well; `result` holds what came out."""
    ERROR = 4
    """Final: it ended badly; `error.code` says why."""

    @property
    def is_final(self) -> bool:
        """Whether nothing but an explicit retry may follow."""
        return self >= Status.COMPLETED

    @property
    def rank(self) -> int:
        """The order of progress: NEW 1, PROCESSING 2, and 3 for both final statuses."""
        return min(self, Status.COMPLETED)


FOLLOWS: dict[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.PROCESSING, Status.COMPLETED, Status.ERROR}),
    Status.PROCESSING: frozenset({Status.COMPLETED, Status.ERROR}),
    Status.COMPLETED: frozenset(),
    Status.ERROR: frozenset(),
}
"""What may follow what within one attempt; the database's trigger and the documentation are tested against it."""


class ErrorCode(StrEnum):
    """Why a task ended in ERROR."""

    FAILED = "failed"
    """The handler raised, or its result could not be kept."""
    TIMEOUT = "timeout"
    """A run took longer than its limit."""
    CANCELLED = "cancelled"
    """It was cancelled on request."""
    WORKER_LOST = "worker_lost"
    """Its workers were lost more often than the crash budget allows."""
    NO_HANDLER = "no_handler"
    """No worker could run it."""


class Outcome(StrEnum):
    """What became of a report."""

    APPLIED = "applied"
    """Something changed."""
    DUPLICATE = "duplicate"
    """It says what is already known."""
    STALE = "stale"
    """It is older than what is known; nothing changed."""
    REFUSED = "refused"
    """It may not say this: wrong claim, future attempt, conflicting final, or a status without a claim."""
    UNKNOWN = "unknown"
    """There is no such task."""
    INVALID = "invalid"
    """It is malformed."""

    @property
    def is_acknowledged(self) -> bool:
        """Whether the sender may forget the report as delivered."""
        return self in (Outcome.APPLIED, Outcome.DUPLICATE, Outcome.STALE)
