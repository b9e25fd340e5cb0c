"""What keeps the API from serving as it should right now, for `/readyz`, the overview and the log."""

import logging
from threading import Lock
from typing import NamedTuple

log = logging.getLogger(__name__)

DISK_FULL = "disk_full"
DATABASE_LOCKED = "database_locked"
WRITER_WAITS = "writer_waits"
DATABASE_FAILS = "database_fails"
DATABASE_DAMAGED = "database_damaged"
DATABASE_LOST = "database_lost"
NO_DESCRIPTORS = "no_descriptors"
NOT_SERVING = "not_serving"

SEVERE = (DATABASE_LOST, DATABASE_DAMAGED)
"""Only a new process on another file helps."""


class Condition(NamedTuple):
    """One thing that is wrong."""

    code: str
    detail: str
    """A sentence for the operator, without its full stop."""


class Conditions:
    """The conditions that hold now, by code; any thread may call. The log has one line for each begin and each end."""

    def __init__(self) -> None:
        """Start with no condition."""
        self._lock = Lock()
        self._held: dict[str, Condition] = {}

    def hold(self, code: str, detail: str) -> None:
        """Hold a condition until it is cleared."""
        with self._lock:
            if code in self._held:
                return
            self._held[code] = Condition(code, detail)
        level = logging.CRITICAL if code in SEVERE else logging.WARNING
        log.log(level, "not ready: %s", detail, extra={"action": code})

    def clear(self, code: str) -> None:
        """Clear a condition."""
        if code not in self._held:
            return
        with self._lock:
            was = self._held.pop(code, None)
        if was is not None:
            log.warning("well again, no longer: %s", was.detail, extra={"action": f"{code}_over"})

    def __contains__(self, code: str) -> bool:
        """Whether this condition holds."""
        return code in self._held

    def now(self) -> list[Condition]:
        """Return all conditions that hold, the oldest first."""
        with self._lock:
            return list(self._held.values())
