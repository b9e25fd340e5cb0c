"""Finishing what dead workers left: their undelivered reports, their runs, their files."""

import logging
import re
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from services.worker.courier import BATCH, Courier, plain_failure
from shared.client import Answer, ApiError
from shared.domain.status import Outcome
from shared.lockfile import LockFile
from shared.spool import Spool

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
SOON_SECONDS = 0.25
"""After a look that the API did not answer: where both services were killed, tasks wait for exactly this."""

WORKER_ID = re.compile(r"w-[0-9a-f]{16}")
DAMAGED = "damaged"


class Api(Protocol):
    """What adoption needs of the client."""

    def report(self, reports: Sequence[Mapping[str, Any] | str]) -> list[Answer]:
        """Send reports and return an answer for each."""

    def gone(self, worker_id: str, crashed: bool) -> None:
        """Say that a worker is gone for good."""


class Adoption:
    """Looks for lock files whose lock is free, since their owners are dead, and settles for each what it left."""

    def __init__(self, client: Api, spool_dir: Path, doorbell_dir: Path) -> None:
        """Take the client and the folders with the workers' files."""
        self._client = client
        self._spool_dir = spool_dir
        self._doorbell_dir = doorbell_dir
        self._stopping = threading.Event()
        self._has_to_wait = False

    def work(self) -> None:
        """Look every few seconds until told to stop, and sooner while something is left that the API has to hear of."""
        while True:
            self.look()
            if self._stopping.wait(SOON_SECONDS if self._has_to_wait else INTERVAL_SECONDS):
                return

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def look(self) -> int:
        """Adopt every dead worker that is found, and return how many were settled."""
        self._has_to_wait = False
        return sum(self._adopt(worker_id) for worker_id in sorted(self._candidates()))

    def _candidates(self) -> set[str]:
        try:
            names = [path.stem for path in self._spool_dir.iterdir() if path.suffix in (".lock", ".db")]
        except OSError:
            return set()
        return {name for name in names if WORKER_ID.fullmatch(name)}

    def _adopt(self, worker_id: str) -> bool:
        spool = Spool(self._spool_dir / f"{worker_id}.db")
        lock = LockFile(self._spool_dir / f"{worker_id}.lock")
        settled = False
        try:
            # A spool without its lock file has no owner either, but a lock file that has just gone is settled.
            if not lock.acquire(create=not lock.path.exists() and spool.exists):
                return False
            settled = self._settle(worker_id, spool)
        except ApiError as error:
            self._has_to_wait = True
            logger.debug("What worker %s left has to wait: %s", worker_id, error)
        except OSError as error:
            logger.warning("What worker %s left cannot be settled: %s", worker_id, error)
        finally:
            spool.close()
            lock.release(unlink=settled)
        return settled

    def _settle(self, worker_id: str, spool: Spool) -> bool:
        stopped = False
        try:
            stopped = spool.was_stopped
            delivered = self._deliver(spool)
        except sqlite3.DatabaseError as error:
            logger.error("The spool of worker %s is damaged and set aside: %s", worker_id, error)
            spool.set_aside(DAMAGED)
            delivered = 0
        self._client.gone(worker_id, crashed=not stopped)
        logger.info(
            "Worker %s %s: %d reports delivered for it", worker_id, "had stopped" if stopped else "was lost", delivered
        )
        spool.discard()
        (self._doorbell_dir / worker_id).unlink(missing_ok=True)
        return True

    def _deliver(self, spool: Spool) -> int:
        """Deliver everything, in order, and return how many reports that were."""
        courier = Courier(self._client)
        count = 0
        while parcels := spool.first(BATCH):
            answers = courier.send(parcels)
            dead = []
            for parcel, answer in zip(parcels, answers, strict=False):
                if answer.outcome in (Outcome.UNKNOWN, Outcome.INVALID):
                    dead.append((f"{answer.outcome}: {answer.detail or 'no detail'}", parcel.text))
                instead = plain_failure(parcel) if parcel.is_final and answer.outcome is Outcome.INVALID else None
                if instead is not None:
                    spool.append([instead])
            spool.remove(len(answers), dead)
            count += len(answers)
        return count
