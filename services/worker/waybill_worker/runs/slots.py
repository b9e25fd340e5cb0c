"""How many runs this process may have at once, and how many more it may take."""

import threading
from collections.abc import Callable


class Slots:
    """A count of places, each taken from the message until the run's end is handed to the reporter."""

    def __init__(self, total: int, on_room: Callable[[], None], reserve: int = 0) -> None:
        """Take the number of slots, and how many of them are reserved.

        `on_room` is called when a slot that is not reserved becomes free, if none was before.
        """
        self.total = total
        self.reserve = reserve
        self._on_room = on_room
        self._taken = 0
        self._changed = threading.Condition()

    @property
    def free(self) -> int:
        """How many may be taken now."""
        return self.total - self._taken

    def take(self, count: int) -> None:
        """Take places; only one thread may."""
        with self._changed:
            self._taken += count

    def give_back(self, count: int = 1) -> None:
        """Give places back."""
        with self._changed:
            was_full = self._taken >= self.total - self.reserve
            self._taken -= count
            if not self._taken:
                self._changed.notify_all()
        if was_full and count:
            self._on_room()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no place is taken, for at most `timeout` seconds, and tell whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._taken, timeout)
