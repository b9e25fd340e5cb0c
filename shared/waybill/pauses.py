"""Pauses between attempts to reach an API that is away."""

import random
import time

FIRST, LONGEST = 0.2, 5.0
"""Seconds."""


class Pauses:
    """Pauses, each twice as long as the one before, up to a bound; they vary, so that clients come back one by one."""

    def __init__(self) -> None:
        """Begin with the shortest."""
        self._next = FIRST

    def wait(self, most: float = LONGEST) -> None:
        """Pause, for at most `most` seconds."""
        time.sleep(min(most, self._next * random.uniform(0.75, 1.25)))  # noqa: S311 - not for secrets
        self._next = min(2 * self._next, LONGEST)
