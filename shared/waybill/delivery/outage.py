"""Saying once that the API cannot be reached, and once that it can again."""

import logging
import threading
import time
from collections.abc import Callable

from waybill.api_error import ApiError, WrongInstallation

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
"""Seconds that an API may be away without a warning, since it may start later, end earlier, or be replaced."""


class Outage:
    """What the threads of a process know together about whether the API answers."""

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the API's address, for the log, and a clock of monotonic seconds."""
        self._address = address
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._is_new = True
        self._is_said = False

    def began(self, error: ApiError) -> None:
        """Note that a call failed; log a warning once the API has been away for `PATIENCE_SECONDS`.

        An API that has never answered is logged at once, though not as a warning; that another one answers in its place
        is logged at once, too, since that seldom passes by itself.
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
