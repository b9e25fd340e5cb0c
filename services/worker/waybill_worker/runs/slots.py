"""Slots: how many runs this process may have at once."""

from collections.abc import Callable

from waybill.host.world import REAL, World


class Slots:
    """Counts the free slots; a run has one from its message until its final report is handed over."""

    def __init__(self, total: int, on_room: Callable[[], None], reserve: int = 0, world: World = REAL) -> None:
        """Take the number of slots, and how many of them are reserved.

        `on_room` is called when a slot that is not reserved becomes free, if none was before.
        """
        self.total = total
        self.reserve = reserve
        self._on_room = on_room
        self._taken = 0
        self._changed = world.condition()

    @property
    def free(self) -> int:
        """How many slots are free."""
        return self.total - self._taken

    def take(self, count: int) -> None:
        """Take slots; only one thread may call this."""
        with self._changed:
            self._taken += count

    def give_back(self, count: int = 1) -> None:
        """Give slots back."""
        with self._changed:
            was_full = self._taken >= self.total - self.reserve
            self._taken -= count
            if not self._taken:
                self._changed.notify_all()
        if was_full and count:
            self._on_room()

    def wait_idle(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until all slots are free; return whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._taken, timeout)
