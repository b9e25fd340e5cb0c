"""How many of what lasts may go on at once: event streams, long polls, whole lists."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.api.limits import Limits
from services.api.pace import Pace
from services.api.problems import TOO_MANY_LISTS, TOO_MANY_POLLS, TOO_MANY_STREAMS, Kind, Refusal

RETRY_AFTER = {TOO_MANY_STREAMS: "10", TOO_MANY_POLLS: "2", TOO_MANY_LISTS: "5"}
"""Seconds after which it may be tried again."""


class Places:
    """Places for one kind of what lasts, some to each caller.

    Where all are taken, one who has none gets one of the caller that has most: ten addresses may take all, but not
    keep them from the eleventh.
    """

    def __init__(self, kind: Kind, most: int, most_of_one: int) -> None:
        """Take how they are refused, how many there are, and how many one caller may have."""
        self._kind = kind
        self._most = most
        self._most_of_one = most_of_one
        self._held: dict[str, dict[object, Callable[[], None] | None]] = {}

    @contextmanager
    def taken(self, caller: str, give_up: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold a place; `give_up`, where there is one, asks the holder to end soon. Raises Refusal."""
        have = len(self._held.get(caller, ()))
        if have >= self._most_of_one:
            raise self._refusal(f"{self._most_of_one} of these are open to you already.")
        if self.count >= self._most and not self._make_room(have):
            raise self._refusal(f"{self._most} of these are open already.")
        place = object()
        self._held.setdefault(caller, {})[place] = give_up
        try:
            yield
        finally:
            self._leave(caller, place)

    @property
    def count(self) -> int:
        """How many are held."""
        return sum(map(len, self._held.values()))

    def _make_room(self, have: int) -> bool:
        """Take the latest place of the caller that has most, if one more is fairer to one who has so many."""
        if not self._held:
            return False
        caller = max(self._held, key=lambda one: len(self._held[one]))
        if len(self._held[caller]) < have + 2:
            return False
        place, give_up = list(self._held[caller].items())[-1]
        if give_up is None:
            return False
        self._leave(caller, place)
        give_up()
        return True

    def _leave(self, caller: str, place: object) -> None:
        held = self._held.get(caller, {})
        held.pop(place, None)
        if not held:
            self._held.pop(caller, None)

    def _refusal(self, detail: str) -> Refusal:
        return Refusal(self._kind, detail, headers={"Retry-After": RETRY_AFTER[self._kind]})


class Room:
    """The places of one API, and the pace of creation."""

    def __init__(self, limits: Limits) -> None:
        """Take how many there are of each kind."""
        self.streams = Places(TOO_MANY_STREAMS, limits.streams, limits.streams_per_client)
        self.polls = Places(TOO_MANY_POLLS, limits.long_polls, max(1, limits.long_polls // 2))
        self.pace = Pace(limits.creates_per_minute)
        self.lists = Places(TOO_MANY_LISTS, limits.lists, max(1, limits.lists // 2))
