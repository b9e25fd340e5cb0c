"""How often a login may fail: three limits, each with a few free failures and pauses that double after them."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from waybill_api.identity.arrival import Arrival

FREE_OF_PAIR = 5
"""Free failures of an account from one address or browser."""
FREE_OF_ADDRESS = 20
"""Free failures from an address, over all accounts."""
FREE_OF_ACCOUNT = 10
"""Free failures of an account, over all addresses."""

FIRST_WAIT = 10.0
LONGEST_WAIT = 15 * 60.0
"""Seconds that a pair or an address is refused after a failure: the first time, and at most."""
LONGEST_PAUSE = 8.0
"""Seconds that a login is delayed at most, since a refusal would lock out its owner; the first delay is a second."""

FORGOTTEN_AFTER = 3_600.0
"""Seconds without a further failure after which those of a pair, an address or an account are forgotten."""
MOST_REMEMBERED = 10_000
"""How many of each are remembered; the longest unused are forgotten first.

Only an attempt that reaches the password check counts, so displacing an entry costs half an hour of processor time.
"""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


class _Limit:
    """The failures of one kind of key."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._found: OrderedDict[Hashable, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def wait(self, key: Hashable, now: float) -> float:
        """Return the seconds until another attempt is accepted, 0 for now."""
        failures = self._at(key, now)
        beyond = failures.count - self._free
        return max(0.0, failures.last + _doubled(FIRST_WAIT, beyond, LONGEST_WAIT) - now)

    def pause(self, key: Hashable, now: float) -> float:
        """Return the seconds that another attempt is delayed."""
        return _doubled(1.0, self._at(key, now).count - self._free, LONGEST_PAUSE)

    def add(self, key: Hashable, now: float) -> None:
        """Count a failure."""
        self._found[key] = _Failures(self._at(key, now).count + 1, now)
        self._found.move_to_end(key)
        if len(self._found) > MOST_REMEMBERED:
            self._found.popitem(last=False)

    def take_back(self, key: Hashable, count: int) -> None:
        """Forget some failures."""
        if (failures := self._found.get(key)) is not None:
            failures.count -= count
            if failures.count <= 0:
                del self._found[key]

    def forget(self, key: Hashable) -> int:
        """Forget all failures; return how many there were."""
        failures = self._found.pop(key, None)
        return 0 if failures is None else failures.count

    def _at(self, key: Hashable, now: float) -> _Failures:
        failures = self._found.get(key)
        if failures is None or now - failures.last >= FORGOTTEN_AFTER:
            return _Failures()
        return failures


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to log in, counted as a failure until it succeeds."""

    account: str
    address: str
    browser: str | None
    """The id of a browser that has logged in to this account before, else None."""
    wait: int = 0
    """The seconds until it is accepted, 0 for now."""
    pause: float = 0.0
    """The seconds that it is delayed before its password is checked."""

    @property
    def pair(self) -> Hashable:
        """The key of the first limit: a known browser has its own, from any address."""
        return (self.account, None, self.browser) if self.browser else (self.account, self.address, None)


class Attempts:
    """Counts failed logins, each from its start, so that many at once do not help.

    By account and address, and by address, a login is refused for a while; by account alone it is only held, so that
    no stranger locks an owner out. A known browser, and an address that many share, are only held as well.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin without failures; `now` gives seconds."""
        self._now = now
        self._pairs = _Limit(FREE_OF_PAIR)
        self._addresses = _Limit(FREE_OF_ADDRESS)
        self._accounts = _Limit(FREE_OF_ACCOUNT)

    def begin(self, account: str, arrival: Arrival, browser: str | None = None) -> Attempt:
        """Count an attempt, unless it has to wait."""
        now = self._now()
        attempt = Attempt(account, arrival.network, browser)
        held = [self._pairs.pause(attempt.pair, now)]
        waits = [0.0]
        if browser is None:
            held += [self._addresses.pause(attempt.address, now), self._accounts.pause(account, now)]
            if not arrival.is_shared:
                waits = [self._pairs.wait(attempt.pair, now), self._addresses.wait(attempt.address, now)]
        if max(waits) > 0:
            return Attempt(account, attempt.address, browser, wait=math.ceil(max(waits)))
        self._pairs.add(attempt.pair, now)
        if browser is None:
            self._addresses.add(attempt.address, now)
            self._accounts.add(account, now)
        return Attempt(account, attempt.address, browser, pause=max(held))

    def withdraw(self, attempt: Attempt) -> None:
        """Uncount an attempt that was refused before its password was checked."""
        self._pairs.take_back(attempt.pair, 1)
        self._take_back(attempt, 1)

    def succeeded(self, attempt: Attempt) -> None:
        """Forget the failures of the account and the place of a login that succeeded."""
        self._take_back(attempt, self._pairs.forget(attempt.pair))

    def _take_back(self, attempt: Attempt, count: int) -> None:
        if attempt.browser is None:
            self._addresses.take_back(attempt.address, count)
            self._accounts.take_back(attempt.account, count)


def _doubled(first: float, beyond: int, most: float) -> float:
    """Return `first`, doubled `beyond` times, at most `most`; 0 while there are free failures."""
    return 0.0 if beyond < 0 else min(most, first * 2.0 ** min(beyond, 30))
