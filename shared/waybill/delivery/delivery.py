"""Delivery: the one thread that sends the parcels of a process to the API, in order per task."""

import logging
import sqlite3
from collections.abc import Callable
from typing import Protocol

from waybill.api_error import ApiError
from waybill.delivery.courier import BATCH, Courier
from waybill.delivery.deferral import Deferral
from waybill.delivery.memory import Memory
from waybill.delivery.outage import Outage
from waybill.delivery.sender import Sender
from waybill.delivery.spool import Parcel, Spool
from waybill.delivery.verdict import Judge
from waybill.host.damage import is_damage
from waybill.host.world import REAL, World

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0


class Closed(Exception):
    """The delivery is closed, and takes nothing more."""


class Full(Exception):
    """There was no room for as long as the caller waited."""


class Errand(Protocol):
    """What has to be done before any parcel of this process is delivered."""

    @property
    def due_at(self) -> float:
        """The time at which it is due, in seconds of the delivery's clock."""

    def run(self) -> None:
        """Do it. Raises ApiError if it has to be tried again first."""


class Delivery:
    """Sends the parcels that gathered during the last request; spools them while the API cannot be reached.

    Memory is bounded: callers wait while the API is slower than the reports, or while neither the API nor the spool
    takes any.
    """

    def __init__(
        self,
        courier: Courier,
        spool: Spool,
        judge: Judge,
        outage: Outage,
        world: World = REAL,
        *,
        patience: float = 0.0,
    ) -> None:
        """Take the parts; `patience` is for how many seconds LATER is retried."""
        self._spool = spool
        self._outage = outage
        self._clock = world.monotonic
        self._errand: Errand | None = None
        self._changed = world.condition()
        self._memory = Memory()
        self._closing = False
        self._deadline = 0.0
        self._ended = False
        # The fields from here on belong to the thread of `work`.
        self._deferral = Deferral(spool, patience, world.monotonic)
        self._sender = Sender(courier, judge, self._deferral)
        self.pass_on = self._sender.pass_on
        self._spooled = 0
        self._share = 0
        """How many parcels may be added to the spool while it is emptied: half of what was last taken from it."""
        self._pause = 0.0
        self._retry_at = 0.0
        self._spool_works = True
        self._spool_is_read = True
        self._after_deferred = False

    def run_first(self, errand: Errand) -> None:
        """Do an errand before anything is delivered. Call it before `work`."""
        self._errand = errand

    def put(self, parcel: Parcel, *, patience: float | None = None, beyond_room: bool = False) -> None:
        """Hand over a parcel; wait for room for up to `patience` seconds (None: for as long as it takes).

        Raises Full, and Closed if the parcel would not even be kept.
        """
        with self._changed:
            if not (beyond_room or self._changed.wait_for(lambda: self._memory.has_room or self._closing, patience)):
                raise Full(f"{len(self._memory)} reports wait already")
            if self._ended:
                raise Closed("it was closed")
            self._memory.add(parcel)
            if len(self._memory) == 1:
                self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until all parcels so far are delivered or set aside; return whether they are."""
        with self._changed:
            target = self._memory.taken
            return self._changed.wait_for(lambda: self._finished >= target and not len(self._deferral), timeout)

    def work(self) -> None:
        """Deliver until closed, and then until empty or out of time; the rest goes to the spool.

        Raises sqlite3.DatabaseError if the spool is damaged.
        """
        while self._wait():
            self._keep_what_has_to_wait()
            if self._clock() >= self._retry_at:
                self._turn()
        with self._changed:
            # Set before the last write, so that no parcel is taken that would not be kept.
            self._ended = True
            self._changed.notify_all()
        self._keep(None)

    def close(self, timeout: float) -> None:
        """Make `work` return once everything is delivered, at the latest after `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._deadline = self._clock() + timeout
            self._changed.notify_all()

    def lose_spool(self) -> None:
        """Go on without the spooled parcels, after `work` has failed and the file was set aside."""
        self._spooled = 0
        self._deferral.clear()

    @property
    def undelivered(self) -> int:
        """How many parcels are left in memory or in the spool. Read it after `work` has returned."""
        return len(self._memory) + self._spooled + len(self._deferral)

    @property
    def _finished(self) -> int:
        return self._memory.taken - len(self._memory) - self._spooled

    @property
    def _is_away(self) -> bool:
        return self._pause > 0

    def _wait(self) -> bool:
        """Wait for something to do; return whether to go on."""
        with self._changed:
            while True:
                patience = self._patience()
                if self._closing:
                    left = self._deadline - self._clock()
                    if left <= 0 or not (self._memory or self._spooled or len(self._deferral)):
                        return False
                    patience = left if patience is None else min(left, patience)
                if patience is not None and patience <= 0:
                    return True
                self._changed.wait(patience)

    def _patience(self) -> float | None:
        """Return for how many seconds there is nothing to do; None if only a new parcel changes that."""
        if self._memory and self._is_away and self._spool_works:
            return 0.0
        due = []
        if self._memory or self._spooled:
            due.append(self._retry_at)
        if len(self._deferral):
            due.append(max(self._retry_at, self._deferral.due_at))
        if self._errand is not None:
            due.append(max(self._retry_at, self._errand.due_at))
        return max(0.0, min(due) - self._clock()) if due else None

    def _keep_what_has_to_wait(self) -> None:
        """Move parcels to the spool that cannot be sent now; never fill it faster than it is emptied."""
        if self._is_away:
            self._keep(None)
        elif self._spooled and self._share:
            self._keep(self._share)
            self._share = 0

    def _keep(self, limit: int | None) -> None:
        with self._changed:
            parcels = self._memory.first(limit)
        if not parcels:
            return
        try:
            self._spool.append(parcels)
        except (sqlite3.Error, OSError) as error:
            if self._spool_works:
                logger.error("Reports are kept in memory, since the spool cannot be written: %s", error)
            self._spool_works = False
            return
        self._spool_works = True
        with self._changed:
            self._spooled += len(parcels)
            self._memory.forget(len(parcels))
            self._changed.notify_all()

    def _turn(self) -> None:
        """Do the next thing that needs the API."""
        try:
            if self._errand is not None and self._errand.due_at <= self._clock():
                self._errand.run()
            if self._deferral_is_next():
                retried = self._sender.retry()
                self._removing(lambda: self._deferral.settle(*retried))
                with self._changed:
                    self._changed.notify_all()
            elif self._spooled:
                self._deliver_from_spool()
            elif self._memory:
                self._deliver_from_memory()
            else:
                return
        except ApiError as error:
            self._outage.began(error)
            self._pause = min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE)
            self._retry_at = self._clock() + self._pause
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.Error) and is_damage(error):
                raise
            if self._spool_is_read:
                logger.error("The spool cannot be read; retrying: %s", error)
            self._spool_is_read = False
            self._retry_at = self._clock() + LONGEST_PAUSE
        else:
            self._spool_is_read = True
            self._outage.ended()
            self._pause = 0.0

    def _deferral_is_next(self) -> bool:
        """Return whether to retry deferred parcels: never twice in a row while others wait."""
        is_due = len(self._deferral) > 0 and self._deferral.due_at <= self._clock()
        self._after_deferred = is_due and not (self._after_deferred and (self._spooled or self._memory))
        return self._after_deferred

    def _deliver_from_spool(self) -> None:
        parcels = self._spool.first(BATCH)
        if not parcels:
            # The file was removed.
            with self._changed:
                self._spooled = 0
                self._changed.notify_all()
            return
        count, dead = self.pass_on(parcels)
        self._share = count // 2
        if self._removing(lambda: self._spool.remove(count, dead)):
            with self._changed:
                self._spooled -= count
                self._changed.notify_all()

    def _deliver_from_memory(self) -> None:
        with self._changed:
            parcels = self._memory.first(BATCH)
        count, dead = self.pass_on(parcels)
        if dead:
            self._removing(lambda: self._spool.remove(0, dead))
        with self._changed:
            self._memory.forget(count)
            self._changed.notify_all()

    def _removing(self, remove: Callable[[], None]) -> bool:
        try:
            remove()
        except (sqlite3.Error, OSError) as error:
            # They are delivered once more, which changes nothing.
            logger.error("Delivered reports cannot be removed from the spool: %s", error)
            self._retry_at = self._clock() + LONGEST_PAUSE
            return False
        return True
