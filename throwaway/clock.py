"""A clock for data that is made up."""

from waybill_api.store.engine.clock import Clock


class HandClock(Clock):
    """A clock that is set by hand, in milliseconds since the epoch."""

    def __init__(self, at: int) -> None:
        """Begin at `at`."""
        super().__init__()
        self.at = at

    def monotonic(self) -> int:
        """Return the time that was set last."""
        return self.at

    def now(self) -> int:
        """Return the time that was set last."""
        return self.at
