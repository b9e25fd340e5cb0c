"""The farewell of a worker: the API hears that it stops, and no file of it stays."""

import logging
import sqlite3
from typing import Protocol

from waybill.api_error import ApiError
from waybill.delivery.spool import Spool
from waybill.host.lockfile import LockFile

logger = logging.getLogger(__name__)

FAREWELL_TIMEOUT = (1.0, 1.5)


class Api(Protocol):
    """What the farewell needs of the client."""

    def gone(self, worker_id: str, crashed: bool, timeout: tuple[float, float] | None = None) -> None:
        """Say that a worker is gone for good."""


def leave(worker_id: str, client: Api, spool: Spool, lock: LockFile, *, is_done: bool) -> None:
    """Say goodbye to the API and remove the files; if that fails, leave them to the next worker.

    Unless it `is_done`, the spool holds reports that were not delivered.
    """
    try:
        if not is_done or not _say_goodbye(worker_id, client):
            _note_the_stop(worker_id, spool)
            return
        spool.discard()
        lock.release(unlink=True)
    except (sqlite3.Error, OSError) as error:
        logger.warning("Worker %s leaves files in the spool directory: %s", worker_id, error)


def _say_goodbye(worker_id: str, client: Api) -> bool:
    try:
        client.gone(worker_id, crashed=False, timeout=FAREWELL_TIMEOUT)
    except ApiError as error:
        # No warning: when both are stopped together, the API stops before its workers.
        logger.info("API unreachable; the next worker will report that worker %s has stopped: %s", worker_id, error)
        return False
    return True


def _note_the_stop(worker_id: str, spool: Spool) -> None:
    try:
        spool.mark_stopped()
        spool.close()
    except (sqlite3.Error, OSError) as error:
        # A full disk, for instance. The spool stays, and the worker that finds it treats this stop as a crash.
        logger.warning("The stop of worker %s cannot be noted: %s", worker_id, error)
