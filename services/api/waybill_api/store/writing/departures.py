"""How long attempts have waited for a worker to leave the run before, whatever the wall clock does meanwhile."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from waybill.domain.task import Task
from waybill.domain.transitions import LEAVING
from waybill_api.store.engine.clock import Clock

if TYPE_CHECKING:
    from waybill_api.store.writing.unit import Change

EARLY = 1_000
"""Milliseconds by which the wait may fall short: an attempt is due by the wall clock, which may run a little faster."""


class Departures:
    """Tells whether an attempt has waited for long enough.

    The wall clock decides when an attempt is due. Set forward, it would make the attempt due while the worker still
    executes the run before.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin now: every wait counts anew from the start of the API."""
        self._clock = clock
        self._begun = clock.monotonic()
        self._since: dict[str, int] = {}

    def notice(self, changes: Iterable["Change"]) -> None:
        """Follow the changes of a commit, in the writer's thread."""
        for before, after in changes:
            if after is None or after.leaving is None:
                if before is not None and self._since:
                    self._since.pop(before.task_id, None)
            elif before is None or before.leaving != after.leaving or before.run != after.run:
                self._since[after.task_id] = self._clock.monotonic()

    def are_over(self, task: Task) -> bool:
        """Return whether no worker is leaving an earlier run of a task, or has had its time for that."""
        if task.leaving is None:
            return True
        return self._clock.monotonic() - self._since.get(task.task_id, self._begun) >= LEAVING - EARLY
