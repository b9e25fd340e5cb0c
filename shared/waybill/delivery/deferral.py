"""Reports that came before their task was created: retried for a while, without holding up other tasks."""

import time
from collections.abc import Callable, Sequence
from itertools import islice

from waybill.delivery.spool import Deferred, Parcel, Spool

RETRY_SECONDS = 0.5

MOST_TASKS = 100_000
"""How many unknown tasks may be waited for, which bounds the memory: only their names are held there."""


class Deferral:
    """The tasks that the API does not know yet; their parcels are in the spool, in order per task.

    Only the oldest parcel of a task is sent again; once the API knows the task, the others follow. Used by one thread.
    """

    def __init__(self, spool: Spool, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the spool; each parcel is retried for `patience` seconds, `clock` counts monotonic seconds."""
        self._spool = spool
        self._patience = patience
        self._clock = clock
        self._due: dict[str, float] = {}
        """The time at which each task is tried again, the soonest first."""
        self._found: dict[str, None] = {}
        """The tasks that the API knows now, whose other parcels can follow."""

    def __len__(self) -> int:
        return len(self._due) + len(self._found)

    @property
    def due_at(self) -> float:
        """The time at which something is to be tried; there must be something deferred."""
        return self._clock() if self._found else next(iter(self._due.values()))

    def holds(self, task_id: str) -> bool:
        """Whether parcels of this task wait, so that later ones must wait behind them."""
        return task_id in self._due or task_id in self._found

    def takes(self, task_id: str) -> bool:
        """Whether there is room to wait for this task too."""
        return self.holds(task_id) or len(self) < MOST_TASKS

    def add(self, parcels: Sequence[Parcel]) -> None:
        """Keep parcels, each behind the others of its task. Raises sqlite3.Error."""
        if not parcels:
            return
        now = self._clock()
        self._spool.defer(parcels, now + self._patience)
        for parcel in parcels:
            if not self.holds(parcel.task_id):
                self._due[parcel.task_id] = now + RETRY_SECONDS

    def due(self, limit: int) -> list[Deferred]:
        """Return up to `limit` parcels that can be tried now."""
        chosen: list[Deferred] = []
        for task_id in islice(self._found, limit):
            if len(chosen) < limit:
                chosen += self._spool.deferred(task_id, limit - len(chosen))
        now = self._clock()
        for task_id, due_at in islice(self._due.items(), limit - len(chosen)):
            if due_at > now:
                break
            chosen += self._spool.deferred(task_id, 1)
        return chosen

    def is_over(self, one: Deferred) -> bool:
        """Whether a parcel has been retried for long enough."""
        return self._clock() >= one.until

    def settle(self, done: Sequence[Deferred], again: Sequence[Deferred], dead: Sequence[tuple[str, str]]) -> None:
        """Forget the parcels that are done, and retry those of `again` later. Raises sqlite3.Error."""
        self._spool.remove_deferred([one.id for one in done], dead)
        for task_id in {one.parcel.task_id for one in done}:
            self._drop(task_id)
            if self._spool.deferred(task_id, 1):
                self._found[task_id] = None
        later = self._clock() + RETRY_SECONDS
        for one in again:
            self._drop(one.parcel.task_id)
            self._due[one.parcel.task_id] = later

    def clear(self) -> None:
        """Forget all tasks, since the spool is gone."""
        self._due.clear()
        self._found.clear()

    def _drop(self, task_id: str) -> None:
        self._due.pop(task_id, None)
        self._found.pop(task_id, None)
