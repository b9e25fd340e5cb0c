"""The watchdog: ends runs that take too long, and notices handlers that do not end even then."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from waybill.delivery.spool import Parcel
from waybill.domain.status import ErrorCode
from waybill_worker.runs.runs import Run

logger = logging.getLogger(__name__)

HUNG_SECONDS = 10.0
"""Seconds that a handler may go on after its run has timed out."""

MOST_HUNG = 8
"""How many abandoned handlers may still run: each keeps a thread and its memory."""


class Watched(Protocol):
    """What the watchdog needs of the parts that execute runs."""

    def executing(self) -> list[Run]:
        """Return the runs whose handlers have not returned."""


class Runner(Watched, Protocol):
    """What it needs of the runner, in whose threads handlers may hang."""

    def abandon(self, run: Run) -> bool:
        """Stop waiting for the handler of a run; return false if it was not executing."""

    @property
    def abandoned(self) -> int:
        """The number of abandoned handlers that still run."""


class Watchdog:
    """Checks how long each handler has been running."""

    def __init__(
        self,
        runner: Runner,
        isolation: Watched,
        put: Callable[[Parcel], None],
        replace: Callable[[], None],
        hung_seconds: float = HUNG_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the parts that execute runs; `put` takes reports.

        `replace` starts a thread in place of a lost one; `clock` counts monotonic seconds.
        """
        self._runner = runner
        self._isolation = isolation
        self._put = put
        self._replace = replace
        self._hung_seconds = hung_seconds
        self._clock = clock

    def look(self) -> bool:
        """Time out the runs over their limit; return whether more than `MOST_HUNG` handlers hang.

        A handler that goes on for `hung_seconds` is abandoned, and its slot and thread are replaced. An isolated one is
        killed.
        """
        now = self._clock()
        for run in self._runner.executing():
            if self._time_out(run, now) > self._hung_seconds and self._runner.abandon(run):
                logger.error("The handler of task %s does not end and is abandoned", run.task_id)
                self._replace()
        for run in self._isolation.executing():
            self._time_out(run, now)
        return self._runner.abandoned > MOST_HUNG

    def _time_out(self, run: Run, now: float) -> float:
        """Return by how many seconds a run is over its limit, and report the time-out once."""
        over = now - run.since - run.limit
        if over < 0 or run.is_waiting:
            return 0.0
        parcel = run.fail(ErrorCode.TIMEOUT, f"no end after {run.limit:g} s")
        if parcel is not None:
            logger.warning("Task %s timed out after %g s", run.task_id, run.limit)
            self._put(parcel)
        return over
