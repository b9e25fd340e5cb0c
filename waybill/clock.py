"""The logical clock that travels with the data."""

import threading


class LogicalClock:
    """Numbers what one source says, so that each number is higher than all that it had seen before.

    L. Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978. One clock for all tasks of
    a source: its numbers are distinct, whichever of its threads report on the same task.
    """

    def __init__(self) -> None:
        """Start before the first number."""
        self._lock = threading.Lock()
        self._last = 0

    def tick(self, received: int) -> int:
        """Return the next number: max(received, own last) + 1."""
        with self._lock:
            self._last = max(received, self._last) + 1
            return self._last
