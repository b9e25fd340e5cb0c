"""Which request meets which fault: decided by the seed, for each sender and each of its requests."""

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
    """It arrives, but its sender sees a broken connection, too, and repeats it."""
    DELAYED = "delayed"
    """It arrives late; other senders overtake it."""
    DOUBLED = "doubled"
    """It arrives, and once more some time later, whatever has been said since."""
    REORDERED = "reordered"
    """Its reports arrive in another order."""


HARM = tuple(fate for fate in Fate if fate is not Fate.UNHARMED)
"""Harm is done to one of every two requests of a sender, and each kind of it comes once before any comes again."""

DELAY = (0.1, 0.5)
ECHO = (1.0, 3.0)
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What befalls one request."""

    fate: Fate
    seconds: float = 0.0
    """How late it comes, or its second copy."""
    shuffle: int = 0
    """The seed of its reports' order."""


class Schedule:
    """Deals fates to senders; the n-th request of a sender meets the same one in each run with the same seed."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self._seed = seed
        self._dealers: dict[str, Iterator[Draw]] = {}

    def next(self, source: str) -> Draw:
        """Return what befalls this sender's next request."""
        if source not in self._dealers:
            self._dealers[source] = _deal(random.Random(f"{self._seed}/{source}"))  # noqa: S311  # to be repeated
        return next(self._dealers[source])


def _deal(chance: random.Random) -> Iterator[Draw]:
    # A late copy first: when a short run gets to it, everything else may have been said already.
    order = [Fate.DOUBLED, *chance.sample([fate for fate in HARM if fate is not Fate.DOUBLED], len(HARM) - 1)]
    while True:
        for harm in order:
            for fate in chance.sample((harm, Fate.UNHARMED), 2):
                seconds = {Fate.DELAYED: chance.uniform(*DELAY), Fate.DOUBLED: chance.uniform(*ECHO)}
                yield Draw(fate, seconds.get(fate, 0.0), chance.getrandbits(32))
        order = chance.sample(HARM, len(HARM))
