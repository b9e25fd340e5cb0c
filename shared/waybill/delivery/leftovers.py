"""What dead processes left in a folder: each had a spool, and held the lock of the lock file beside it."""

import logging
import re
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from waybill.api_error import ApiError
from waybill.delivery.courier import BATCH
from waybill.delivery.spool import Parcel, Spool
from waybill.delivery.verdict import Delivered
from waybill.host.lockfile import LockFile
from waybill.host.world import REAL, World

logger = logging.getLogger(__name__)

DAMAGED = "damaged"

Settle = Callable[[str, Spool], None]
"""Finishes what the owner of this name left in its spool, and discards the spool. Raises ApiError if it must wait."""


def identify(folder: Path, prefix: str, world: World = REAL) -> tuple[str, LockFile]:
    """Draw a name for this process and take its lock; again if a sibling takes the new file for a dead process's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        name = f"{prefix}-{world.token_hex(8)}"
        lock = world.lock_file(folder / f"{name}.lock")
        if lock.acquire():
            return name, lock


class Leftovers:
    """Looks for lock files whose lock is free, since their owners are dead, and settles each owner once."""

    def __init__(self, folder: Path, prefix: str, settle: Settle, world: World = REAL) -> None:
        """Take the folder, the prefix of its names, and what settles an owner's spool."""
        self._folder = folder
        self._name = re.compile(re.escape(prefix) + "-[0-9a-f]{16}")
        self._settle = settle
        self._lock_file = world.lock_file
        self.waiting: ApiError | None = None
        """The error for which the last look could not settle something yet; None if there was none."""
        self._complaints: dict[str, str] = {}
        """The latest warning about each owner with unusable files, so that it is logged once."""

    def look(self) -> int:
        """Settle every dead owner, and return how many were settled."""
        self.waiting = None
        return sum(self._finish(name) for name in sorted(self._candidates()))

    def _candidates(self) -> set[str]:
        try:
            names = [path.stem for path in self._folder.iterdir() if path.suffix in (".lock", ".db")]
        except OSError:
            return set()
        return {name for name in names if self._name.fullmatch(name)}

    def _finish(self, name: str) -> bool:
        spool = Spool(self._folder / f"{name}.db")
        lock = self._lock_file(self._folder / f"{name}.lock")
        settled = False
        try:
            # A spool without a lock file has no owner either; if both have just gone, another process has settled it.
            if not lock.acquire(create=not lock.path.exists() and spool.exists):
                return False
            self._settle(name, spool)
            settled = True
        except ApiError as error:
            self.waiting = error
            logger.debug("The spool of %s has to wait: %s", name, error)
        except (OSError, sqlite3.Error) as error:
            if str(error) != self._complaints.get(name):
                logger.warning("What %s left cannot be settled; retrying: %s", name, error)
            self._complaints[name] = str(error)
        else:
            self._complaints.pop(name, None)
        finally:
            spool.close()
            lock.release(unlink=settled)
        return settled


def drain(spool: Spool, deliver: Callable[[Sequence[Parcel]], Delivered]) -> int:
    """Deliver all parcels of a dead process in order, and return how many there were."""
    total = 0
    spool.undefer()
    while parcels := spool.first(BATCH):
        count, dead = deliver(parcels)
        spool.remove(count, dead)
        total += count
    return total
