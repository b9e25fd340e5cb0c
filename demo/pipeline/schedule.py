"""The faults of the network: the seed decides one for each request of each sender."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """What the network does to a request with reports."""

    UNHARMED = "unharmed"
    DROPPED = "dropped"
    """It never arrives, and its sender sees a broken connection."""
    UNANSWERED = "unanswered"
    """It arrives, but its sender sees a broken connection and repeats it."""
    DELAYED = "delayed"
    """It arrives late; other senders overtake it."""
    DOUBLED = "doubled"
    """It arrives, and once more some time later, after newer reports."""
    REORDERED = "reordered"
    """Its reports arrive in another order."""


HARM = tuple(fate for fate in Fate if fate is not Fate.UNHARMED)
"""The fates of a sender's requests: every second one is harmed, and each kind comes once before any comes again."""

DELAY = (0.1, 0.5)
ECHO = (1.0, 3.0)
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Draw:
    """The fate of one request."""

    fate: Fate
    seconds: float = 0.0
    """The delay of the request, or of its second copy, in seconds."""
    shuffle: int = 0
    """The seed for the order of its reports."""


class Schedule:
    """Deals fates to senders: with the same seed, the n-th request of a sender always has the same fate."""

    def __init__(self, seed: int) -> None:
        """Take the seed."""
        self._seed = seed
        self._dealers: dict[str, Iterator[Draw]] = {}

    def next(self, source: str) -> Draw:
        """Return the fate of this sender's next request."""
        if source not in self._dealers:
            self._dealers[source] = _deal(random.Random(f"{self._seed}/{source}"))  # noqa: S311  # to be repeated
        return next(self._dealers[source])


def _deal(chance: random.Random) -> Iterator[Draw]:
    # A late copy first: at the end of a short run, no newer report would precede it.
    order = [Fate.DOUBLED, *chance.sample([fate for fate in HARM if fate is not Fate.DOUBLED], len(HARM) - 1)]
    while True:
        for harm in order:
            for fate in chance.sample((harm, Fate.UNHARMED), 2):
                seconds = {Fate.DELAYED: chance.uniform(*DELAY), Fate.DOUBLED: chance.uniform(*ECHO)}
                yield Draw(fate, seconds.get(fate, 0.0), chance.getrandbits(32))
        order = chance.sample(HARM, len(HARM))
