"""An outage of the API: logged once when it begins, and once when it ends."""

import logging

from waybill.api_error import ApiError, WrongInstallation
from waybill.host.world import REAL, World

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
"""Seconds for which the API may be down without a warning: it may start later, end earlier, or be replaced."""


class Outage:
    """Whether the API answers, as all threads of a process have seen."""

    def __init__(self, address: str, world: World = REAL) -> None:
        """Take the API's address, for the log."""
        self._address = address
        self._clock = world.monotonic
        self._lock = world.lock()
        self._since: float | None = None
        self._is_new = True
        self._is_said = False

    def began(self, error: ApiError) -> None:
        """Note that a call failed; log a warning once the API has been down for PATIENCE_SECONDS.

        If the API has never answered, log that at once, but not as a warning. If another installation answers in its
        place, log a warning at once, since that seldom passes by itself.
        """
        now = self._clock()
        with self._lock:
            is_awaited, self._is_new = self._is_new, False
            if self._since is None:
                self._since = now
            away = now - self._since
            is_wrong = isinstance(error, WrongInstallation)
            is_late = (is_wrong or away >= PATIENCE_SECONDS) and not self._is_said
            self._is_said = self._is_said or is_late
        if is_late and is_wrong:
            logger.warning("%s; retrying", error)
            return
        if is_awaited:
            logger.info("Waiting for the API at %s: %s", self._address, error)
        if is_late:
            logger.warning("API unreachable at %s for %.0f s; retrying: %s", self._address, away, error)

    def ended(self) -> None:
        """Note that a call succeeded; log it after a warning."""
        if self._since is None and not self._is_new:
            return
        with self._lock:
            was_said, self._is_said = self._is_said, False
            self._since, self._is_new = None, False
        if was_said:
            logger.info("The API at %s answers again", self._address)
