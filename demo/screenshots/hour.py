"""The made-up hour: its clock, and when what happened. Times are milliseconds since the epoch."""

from waybill_api.store.engine.clock import Clock

SECOND = 1_000
MINUTE = 60 * SECOND
NOW = 1_795_530_740_000
"""2026-11-24, 14:32:20 UTC: the moment of the pictures."""
START = NOW - 60 * MINUTE
RUSHES = {NOW - 34 * MINUTE: 60, NOW - 30 * SECOND: 9}
"""When a whole album of pictures comes at once, and how many there are."""
CRASH = NOW - 21 * MINUTE
AWAY = range(NOW - 26 * MINUTE, NOW - 16 * MINUTE)
"""While the server of one of the partners was away."""
EXPIRED = NOW - 14 * MINUTE
"""When the newsletter's mail relay began to refuse."""
PAUSED = NOW - 4 * MINUTE


class TurnedClock(Clock):
    """A clock that shows what it was turned to."""

    def __init__(self) -> None:
        """Begin with the hour."""
        super().__init__()
        self.at = START

    def now(self) -> int:
        """Return the time that it was turned to."""
        return self.at
