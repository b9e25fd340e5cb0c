"""The time that the API records: it follows the machine's clock, but never runs backwards."""

import time
from threading import Lock


class Clock:
    """Milliseconds since the epoch.

    If the machine's clock is set back, this one goes on from its last time, so that a due task stays due, and no
    back-off grows by the step.
    """

    def __init__(self) -> None:
        """Start from the machine's clock."""
        self._lock = Lock()
        self._wall = time.time()
        self._since = time.monotonic()

    def monotonic(self) -> int:
        """Return milliseconds that rise with the time that passes, whatever the machine's clock is set to."""
        return int(time.monotonic() * 1000)

    def now(self) -> int:
        """Return the time, never an earlier one than before."""
        with self._lock:
            wall, since = time.time(), time.monotonic()
            self._wall = max(wall, self._wall + since - self._since)
            self._since = since
            return int(self._wall * 1000)
