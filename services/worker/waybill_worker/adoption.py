"""Adoption: finishes what dead workers left, their undelivered reports, their runs and their files."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from waybill.delivery.courier import Courier, Reports
from waybill.delivery.leftovers import DAMAGED, Leftovers, drain
from waybill.delivery.spool import Parcel, Spool
from waybill.delivery.verdict import Delivered, dead_letter
from waybill.domain.status import Outcome
from waybill.host.damage import is_damage
from waybill.host.world import REAL, World
from waybill_worker.plain_failure import plain_failure

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
SOON_SECONDS = 0.25
"""Seconds to the next look if the API did not answer: after a kill of both services, tasks wait for this."""

PREFIX = "w"
"""The prefix of the workers' ids."""


class Api(Reports, Protocol):
    """What adoption needs of the client."""

    def gone(self, worker_id: str, crashed: bool) -> None:
        """Declare a worker gone for good."""


class Adoption:
    """Settles what each dead worker left."""

    def __init__(
        self,
        client: Api,
        spool_dir: Path,
        doorbell_dir: Path,
        world: World = REAL,
        end_orphans: Callable[[str], None] = lambda worker_id: None,
    ) -> None:
        """Take the client and the folders with the workers' files.

        `end_orphans` ends the programs of a dead worker's handlers, before its runs run again.
        """
        self._end_orphans = end_orphans
        self._childless: set[str] = set()
        self._client = client
        self._clock = world.monotonic
        self._doorbell_dir = doorbell_dir
        self._stopping = world.event()
        self._leftovers = Leftovers(spool_dir, PREFIX, self._settle, world)

    def work(self) -> None:
        """Look every INTERVAL_SECONDS until told to stop, and sooner while something waits for the API."""
        while True:
            self.look()
            if self._stopping.wait(INTERVAL_SECONDS if self._leftovers.waiting is None else SOON_SECONDS):
                return

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()

    def look(self) -> int:
        """Adopt every dead worker, and return how many were settled."""
        return self._leftovers.look()

    def _settle(self, worker_id: str, spool: Spool) -> None:
        stopped = False
        if worker_id not in self._childless:
            self._end_orphans(worker_id)
            self._childless.add(worker_id)
        try:
            stopped = spool.was_stopped
            delivered = self._deliver(spool)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            logger.error("The spool of worker %s is damaged and set aside: %s", worker_id, error)
            spool.set_aside(DAMAGED)
            delivered = 0
        self._client.gone(worker_id, crashed=not stopped)
        self._childless.discard(worker_id)
        logger.info(
            "Worker %s %s: %d reports delivered for it", worker_id, "had stopped" if stopped else "was lost", delivered
        )
        spool.discard()
        (self._doorbell_dir / worker_id).unlink(missing_ok=True)

    def _deliver(self, spool: Spool) -> int:
        """Deliver all reports of a spool in order, and return how many there were."""
        courier = Courier(self._client, self._clock)

        def deliver(parcels: Sequence[Parcel]) -> Delivered:
            answers = courier.send(parcels)
            dead = []
            for parcel, answer in zip(parcels, answers, strict=False):
                if answer.outcome in (Outcome.UNKNOWN, Outcome.INVALID):
                    dead.append(dead_letter(parcel, answer))
                if parcel.is_final and answer.outcome is Outcome.INVALID:
                    instead = plain_failure(parcel, answer.detail)
                    spool.append([] if instead is None else [instead])
            return Delivered(len(answers), dead)

        return drain(spool, deliver)
