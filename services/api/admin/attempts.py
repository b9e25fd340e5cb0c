"""How often somebody may try to log in."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_FAILURES = 5
WINDOW = 15 * 60.0
"""Seconds in which so many failures may happen, for each account and address."""

MOST_REMEMBERED = 10_000
"""Accounts and addresses that are remembered; the longest unused are forgotten first."""

Key = tuple[str, str]


class Attempts:
    """Counts failed logins by account and address, each from its start, so that many at once do not help."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody; `now` gives seconds."""
        self._now = now
        self._failures: OrderedDict[Key, deque[float]] = OrderedDict()

    def begin(self, account: str, address: str) -> int:
        """Count an attempt, and return 0; or return the seconds to wait where there were too many."""
        now = self._now()
        failures = self._failures.setdefault((account, address), deque())
        self._failures.move_to_end((account, address))
        while failures and failures[0] <= now - WINDOW:
            failures.popleft()
        if len(failures) >= MOST_FAILURES:
            return max(1, math.ceil(failures[0] + WINDOW - now))
        failures.append(now)
        if len(self._failures) > MOST_REMEMBERED:
            self._failures.popitem(last=False)
        return 0

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of somebody who has logged in."""
        self._failures.pop((account, address), None)
