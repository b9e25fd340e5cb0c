"""How many long requests may be open at once: event streams, long polls, whole lists."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from waybill_api.limits import Limits
from waybill_api.pace import Pace
from waybill_api.problems import TOO_MANY_LISTS, TOO_MANY_POLLS, TOO_MANY_STREAMS, ProblemKind, Refusal

RETRY_AFTER = {TOO_MANY_STREAMS: "10", TOO_MANY_POLLS: "2", TOO_MANY_LISTS: "5"}
"""Seconds after which a client may try again."""


class Places:
    """Places for one kind of long request, some for each caller.

    If all are taken, a caller with fewer places gets one of the caller with most: ten addresses may take all places,
    but an eleventh still gets one.
    """

    def __init__(self, kind: ProblemKind, most: int, most_of_one: int) -> None:
        """Take the kind of the refusal, the number of places, and how many one caller may hold."""
        self._kind = kind
        self._most = most
        self._most_of_one = most_of_one
        self._held: dict[str, dict[object, Callable[[], None] | None]] = {}

    @contextmanager
    def taken(self, caller: str, give_up: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold a place; `give_up`, if given, asks its holder to end soon. Raises Refusal."""
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
        """The number of places held."""
        return sum(map(len, self._held.values()))

    def _make_room(self, have: int) -> bool:
        """Free the latest place of the caller with most, if that caller has at least two more than `have`."""
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
        """Take the number of places of each kind."""
        self.streams = Places(TOO_MANY_STREAMS, limits.streams, limits.streams_per_client)
        self.polls = Places(TOO_MANY_POLLS, limits.long_polls, max(1, limits.long_polls // 2))
        self.pace = Pace(limits.creates_per_minute)
        self.lists = Places(TOO_MANY_LISTS, limits.lists, max(1, limits.lists // 2))
