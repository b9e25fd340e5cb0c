"""The reports that earlier processes of a service left undelivered; they go out before its own."""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from waybill.delivery.leftovers import DAMAGED, Leftovers, drain
from waybill.delivery.spool import Parcel, Spool
from waybill.delivery.verdict import Delivered
from waybill.host.damage import is_damage

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0


class Inheritance:
    """Looks every INTERVAL_SECONDS for spools whose owner is dead, and delivers what they hold."""

    def __init__(self, folder: Path, prefix: str, deliver: Callable[[Sequence[Parcel]], Delivered]) -> None:
        """Take the folder, the prefix of the spools' names, and what delivers the first of some parcels."""
        self._leftovers = Leftovers(folder, prefix, self._settle)
        self._deliver = deliver
        self._due_at = 0.0

    @property
    def due_at(self) -> float:
        """When to look next, in monotonic seconds."""
        return self._due_at

    def run(self) -> None:
        """Deliver everything that is found. Raises ApiError if some of it has to wait."""
        self._leftovers.look()
        if self._leftovers.waiting is not None:
            raise self._leftovers.waiting
        self._due_at = time.monotonic() + INTERVAL_SECONDS

    def _settle(self, name: str, spool: Spool) -> None:
        try:
            delivered = drain(spool, self._deliver)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            logger.error("The spool %s is damaged and set aside: %s", spool.path, error)
            spool.set_aside(DAMAGED)
        else:
            logger.info("%d reports of an earlier process were delivered", delivered)
            spool.discard()
