"""Ending runs that take too long, and noticing handlers that do not end even then."""

import logging
import time
from collections.abc import Callable

from services.worker.runs import Run
from shared.domain.status import ErrorCode
from shared.spool import Parcel

logger = logging.getLogger(__name__)

HUNG_SECONDS = 10.0
"""How long a handler may go on after its run has timed out."""


class Watchdog:
    """Looks, whenever it is asked to, at how long each handler has been running."""

    def __init__(
        self,
        executing: Callable[[], list[Run]],
        put: Callable[[Parcel], None],
        hung_seconds: float = HUNG_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what returns the runs whose handlers have not returned, where reports go, and a clock (seconds)."""
        self._executing = executing
        self._put = put
        self._hung_seconds = hung_seconds
        self._clock = clock

    def look(self) -> bool:
        """Time out what is over its limit; tell whether a handler hangs that was timed out long ago."""
        now = self._clock()
        hangs = False
        for run in self._executing():
            over = now - run.since - run.limit
            if over < 0 or run.is_waiting:
                continue
            parcel = run.fail(ErrorCode.TIMEOUT, f"no end after {run.limit:g} s")
            if parcel is not None:
                logger.warning("Task %s timed out after %g s", run.task_id, run.limit)
                self._put(parcel)
            if over > self._hung_seconds:
                logger.error("The handler of task %s does not end", run.task_id)
                hangs = True
        return hangs
