"""Waiters for waiting requests: bounded, taken before the first await, and freed however the wait ends."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class NoPlace(Exception):
    """All places are taken."""


class Waiters:
    """Counts the requests that wait, in all and by key."""

    def __init__(self, most: int, most_of_one: int | None = None) -> None:
        """Take the number of places, and how many of them one key may hold."""
        self._most = most
        self._most_of_one = most if most_of_one is None else most_of_one
        self._taken: Counter[Hashable] = Counter()

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._taken.total()

    @contextmanager
    def one(self, key: Hashable = None) -> Iterator[None]:
        """Hold a place while the block runs; without a key, only the total is bounded. Raises NoPlace."""
        if self.taken >= self._most or (key is not None and self._taken[key] >= self._most_of_one):
            raise NoPlace()
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
