"""The conditions that keep the API from serving as it should now, for `/readyz`, the overview and the log."""

import logging
import time
from collections.abc import Callable
from math import inf
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

QUIET_SECONDS = 60.0
"""Seconds for which a condition that comes and goes is not logged again; `/readyz` always shows it."""


class Condition(NamedTuple):
    """One thing that is wrong."""

    code: str
    detail: str
    """A sentence for the operator, without its full stop."""


class Conditions:
    """The conditions that hold now, by code; any thread may call.

    The log has a line for their begin and their end, for a condition that comes and goes at most once in QUIET_SECONDS.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with no condition; `clock` counts monotonic seconds."""
        self._clock = clock
        self._lock = Lock()
        self._held: dict[str, Condition] = {}
        self._said_at: dict[str, float] = {}
        self._said: set[str] = set()

    def hold(self, code: str, detail: str) -> None:
        """Hold a condition until it is cleared."""
        with self._lock:
            if code in self._held:
                return
            self._held[code] = Condition(code, detail)
            now = self._clock()
            if now - self._said_at.get(code, -inf) < QUIET_SECONDS:
                return
            self._said_at[code] = now
            self._said.add(code)
        level = logging.CRITICAL if code in SEVERE else logging.WARNING
        log.log(level, "not ready: %s", detail, extra={"action": code})

    def clear(self, code: str) -> None:
        """Clear a condition."""
        if code not in self._held:
            return
        with self._lock:
            was = self._held.pop(code, None)
            was_said = code in self._said
            self._said.discard(code)
        if was is not None and was_said:
            log.warning("well again, no longer: %s", was.detail, extra={"action": f"{code}_over"})

    def __contains__(self, code: str) -> bool:
        """Whether this condition holds."""
        return code in self._held

    def now(self) -> list[Condition]:
        """Return all conditions that hold, the oldest first."""
        with self._lock:
            return list(self._held.values())
