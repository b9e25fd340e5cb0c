"""Saying once that the API cannot be reached, and once that it can again."""

import logging
import threading

from shared.client import ApiError

logger = logging.getLogger(__name__)


class Outage:
    """What the threads of a process know together about whether the API answers."""

    def __init__(self, address: str) -> None:
        """Take the API's address, for the log."""
        self._address = address
        self._lock = threading.Lock()
        self._lasts = False

    def began(self, error: ApiError) -> None:
        """Note that a call failed; the first one is logged."""
        with self._lock:
            first, self._lasts = not self._lasts, True
        if first:
            logger.warning("No use of the API at %s for now, going on trying: %s", self._address, error)

    def ended(self) -> None:
        """Note that a call succeeded."""
        if not self._lasts:
            return
        with self._lock:
            was, self._lasts = self._lasts, False
        if was:
            logger.info("The API at %s answers", self._address)
