"""Places for what waits: bounded, taken before anything is awaited, and free again however the wait ends."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class NoPlace(Exception):
    """All places are taken."""


class Places:
    """Counts who waits, in all and of one kind."""

    def __init__(self, most: int, most_of_one: int | None = None) -> None:
        """Take how many there are, and how many of them whoever has the same key may have."""
        self._most = most
        self._most_of_one = most if most_of_one is None else most_of_one
        self._taken: Counter[Hashable] = Counter()

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._taken.total()

    @contextmanager
    def one(self, key: Hashable = None) -> Iterator[None]:
        """Take a place for as long as the block runs; without a key, only all of them are bounded. Raises NoPlace."""
        if self.taken >= self._most or (key is not None and self._taken[key] >= self._most_of_one):
            raise NoPlace()
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
