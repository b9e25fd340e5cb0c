"""The time that the API records: it follows the machine's clock, but never runs backwards."""

from threading import Lock

from waybill.host.world import REAL, World


class Clock:
    """Milliseconds since the epoch.

    If the machine's clock is set back, this one goes on from its last time, so that a due task stays due, and no
    back-off grows by the step.
    """

    def __init__(self, world: World = REAL) -> None:
        """Start from the machine's clock."""
        self._lock = Lock()
        self._time, self._monotonic = world.time, world.monotonic
        self._wall, self._since = self._time(), self._monotonic()

    def monotonic(self) -> int:
        """Return milliseconds that rise with the time that passes, whatever the machine's clock is set to."""
        return int(self._monotonic() * 1000)

    def now(self) -> int:
        """Return the time, never an earlier one than before."""
        with self._lock:
            wall, since = self._time(), self._monotonic()
            self._wall = max(wall, self._wall + since - self._since)
            self._since = since
            return int(self._wall * 1000)
