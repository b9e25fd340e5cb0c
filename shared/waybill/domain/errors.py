"""What can go wrong with a well-formed request: one small tree, whose docstrings are the messages."""

from typing import Any


class WaybillError(Exception):
    """Something that Waybill was asked to do cannot be done."""

    def __init__(self, detail: str | None = None, **facts: Any) -> None:
        """Take the message (by default the docstring), and facts that an answer may show: JSON values."""
        super().__init__(detail or (type(self).__doc__ or "").strip())
        self.facts = facts


class NotFound(WaybillError):
    """There is no such thing."""


class TaskNotFound(NotFound):
    """There is no such task."""


class RunNotFound(NotFound):
    """There is no such run."""


class TaskTypeNotFound(NotFound):
    """There is no such task type."""


class AccountNotFound(NotFound):
    """There is no such account."""


class WorkerNotFound(NotFound):
    """There is no such worker."""


class Invalid(WaybillError):
    """The wish is well-formed but says something impossible; `pointer` names the field (RFC 6901)."""

    def __init__(self, detail: str, pointer: str, *, index: int = 0) -> None:
        """Take the message, the JSON pointer of the field, such as `/type`, and the index of the item in its batch."""
        super().__init__(detail)
        self.pointer = pointer
        self.index = index


class Conflict(WaybillError):
    """The present state does not allow it."""


class TaskIsFinal(Conflict):
    """The task has ended."""


class TaskIsNotFinal(Conflict):
    """The task has not ended yet."""


class AttemptHasMoved(Conflict):
    """The task is in another attempt than the one named."""


class NotHeld(Conflict):
    """This claim does not hold the run, and is not known to have held it."""


class ExternalKeyTaken(Conflict):
    """Another task of this type has this external key; `task_id` names it."""


class TaskTypeExists(Conflict):
    """A task type of this name exists already."""


class TaskTypeInUse(Conflict):
    """Tasks of this type exist."""


class AccountExists(Conflict):
    """An account of this name exists already."""


class LastAdmin(Conflict):
    """It is the last account of an administrator."""


class ChangedMeanwhile(Conflict):
    """Somebody else has changed it since: `differs` holds what is other now."""


class WorkerGone(Conflict):
    """The worker was declared gone: its runs were given to others, and it must start anew under a fresh id."""


class IdempotencyKeyReused(WaybillError):
    """This Idempotency-Key was used before for another request."""


class StorageFull(WaybillError):
    """The disk is full: nothing was kept."""


class Unavailable(WaybillError):
    """It cannot be done at present, and nothing was kept."""


class Overloaded(Unavailable):
    """More waits to be written than can be soon, and nothing of this was kept; try again in a moment."""


class StoreBusy(Unavailable):
    """Another program has locked the database, and nothing was kept; try again."""


class StoreFails(Unavailable):
    """The database cannot be read or written at present, and nothing was kept; the log knows why."""


class StoreDamaged(Unavailable):
    """The database is damaged, so nothing is written to it any more; the log knows what helps."""


class StoreLost(Unavailable):
    """The database was taken away from under this process, and nothing was kept."""
