"""From reports to the API: the one thread that delivers what this process has to say, in order."""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from services.worker.courier import BATCH, Courier, plain_failure
from services.worker.outage import Outage
from services.worker.runs import Runs
from shared.client import Answer, ApiError
from shared.domain.status import Outcome
from shared.spool import Parcel, Spool

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0

ROOM = 10_000
"""How many parcels may wait in memory before handlers that report progress have to wait too."""


class Reporter:
    """Sends what gathered while the last request was under way; spools it while the API cannot be reached."""

    def __init__(
        self,
        courier: Courier,
        spool: Spool,
        runs: Runs,
        outage: Outage,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the parts it works with; `clock` counts monotonic seconds."""
        self._courier = courier
        self._spool = spool
        self._runs = runs
        self._outage = outage
        self._clock = clock
        self._changed = threading.Condition()
        self._fresh: deque[Parcel] = deque()
        self._closing = False
        self._deadline = 0.0
        # From here on only the working thread's.
        self._waiting: deque[Parcel] = deque()
        self._spooled = 0
        self._pause = 0.0
        self._retry_at = 0.0
        self._spool_works = True

    def put(self, parcel: Parcel) -> None:
        """Hand over a parcel; one that is not an end may have to wait for room."""
        with self._changed:
            if not parcel.is_final:
                self._changed.wait_for(lambda: len(self._fresh) < ROOM or self._closing)
            self._fresh.append(parcel)
            if len(self._fresh) == 1:
                self._changed.notify_all()

    def work(self) -> None:
        """Deliver until closed and empty, or closed and out of time; what is left then is in the spool."""
        while self._gather():
            if self._pause or self._spooled:
                self._keep()
            if self._clock() >= self._retry_at:
                self._deliver()
        self._keep()

    def close(self, timeout: float) -> None:
        """Let `work` return once everything is delivered, at the latest after `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._deadline = self._clock() + timeout
            self._changed.notify_all()

    @property
    def undelivered(self) -> int:
        """How many parcels are left, in memory or in the spool; to be read once `work` has returned."""
        return len(self._fresh) + len(self._waiting) + self._spooled

    def _gather(self) -> bool:
        """Wait for something to do and take over what is fresh; tell whether to go on."""
        with self._changed:
            while True:
                pending = bool(self._waiting or self._spooled)
                patience = max(0.0, self._retry_at - self._clock()) if pending else None
                if self._closing:
                    left = self._deadline - self._clock()
                    if left <= 0 or not (pending or self._fresh):
                        return False
                    patience = left if patience is None else min(left, patience)
                if self._fresh or (pending and not patience):
                    break
                self._changed.wait(patience)
            self._waiting.extend(self._fresh)
            self._fresh.clear()
            self._changed.notify_all()
            return True

    def _keep(self) -> None:
        """Move what waits in memory to the spool."""
        with self._changed:
            self._waiting.extend(self._fresh)
            self._fresh.clear()
        if not self._waiting:
            return
        try:
            self._spool.append(self._waiting)
        except (sqlite3.Error, OSError) as error:
            if self._spool_works:
                logger.error("Reports are kept in memory, since the spool cannot be written: %s", error)
            self._spool_works = False
            return
        self._spool_works = True
        self._spooled += len(self._waiting)
        self._waiting.clear()

    def _deliver(self) -> None:
        # What is spooled is older than what waits in memory.
        from_spool = self._spooled > 0
        parcels = self._spool.first(BATCH) if from_spool else list(islice(self._waiting, BATCH))
        try:
            answers = self._courier.send(parcels)
        except ApiError as error:
            self._outage.began(error)
            self._pause = min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE)
            self._retry_at = self._clock() + self._pause
            return
        self._outage.ended()
        self._pause = 0.0
        dead = self._judge(parcels, answers)
        delivered = len(answers) if from_spool else 0
        if not from_spool:
            for _ in answers:
                self._waiting.popleft()
        if delivered or dead:
            self._remove(delivered, dead)

    def _remove(self, delivered: int, dead: Sequence[tuple[str, str]]) -> None:
        try:
            self._spool.remove(delivered, dead)
        except (sqlite3.Error, OSError) as error:
            # What stays there is delivered once more, which changes nothing.
            logger.error("Delivered reports cannot be removed from the spool: %s", error)
            self._retry_at = self._clock() + LONGEST_PAUSE
            return
        self._spooled -= delivered

    def _judge(self, parcels: Sequence[Parcel], answers: Sequence[Answer]) -> list[tuple[str, str]]:
        """Do what each answer asks for, and return the dead letters: (reason, text) each."""
        dead = []
        for parcel, answer in zip(parcels, answers, strict=False):
            run = self._runs.find(parcel.task_id, parcel.run)
            if answer.outcome in (Outcome.UNKNOWN, Outcome.INVALID):
                reason = f"{answer.outcome}: {answer.detail or 'no detail'}"
                logger.warning("A report on task %s was not accepted: %s", parcel.task_id, reason)
                dead.append((reason, parcel.text))
            if answer.outcome is Outcome.INVALID:
                if not parcel.is_final:
                    continue
                instead = plain_failure(parcel)
                if instead is not None:
                    self.put(instead)
                    continue
            if run is None:
                continue
            if not answer.outcome.is_acknowledged:
                run.lose()
                self._runs.forget(run)
            elif parcel.is_final:
                self._runs.forget(run)
        return dead
