"""The parcels that wait in memory, bounded in number and in size."""

from collections import deque
from itertools import islice

from waybill.delivery.spool import Parcel

ROOM = 10_000
"""How many parcels may wait in memory before a caller that reports has to wait too."""

ROOM_CHARACTERS = 16 * 1_048_576
"""How many characters they may have together."""


class Memory:
    """Holds parcels, the oldest first. Its owner locks it."""

    def __init__(self) -> None:
        """Start empty."""
        self._parcels: deque[Parcel] = deque()
        self._characters = 0
        self.taken = 0
        """How many parcels were ever added."""

    def __len__(self) -> int:
        """Return how many parcels wait."""
        return len(self._parcels)

    @property
    def has_room(self) -> bool:
        """Whether it takes another parcel; one that is added nonetheless is kept."""
        return len(self._parcels) < ROOM and self._characters < ROOM_CHARACTERS

    def add(self, parcel: Parcel) -> None:
        """Add a parcel as the newest."""
        self._parcels.append(parcel)
        self._characters += len(parcel.text)
        self.taken += 1

    def first(self, limit: int | None) -> list[Parcel]:
        """Return the oldest parcels, up to `limit`; None for all."""
        return list(islice(self._parcels, limit))

    def forget(self, count: int) -> None:
        """Drop the `count` oldest parcels."""
        for _ in range(count):
            self._characters -= len(self._parcels.popleft().text)
