"""The pace at which one address may create tasks."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from waybill_api.networks import network_of
from waybill_api.problems import TOO_MANY_CREATES, Refusal

MINUTE = 60.0
"""Seconds; the tasks allowed in this time may come all at once."""

MOST_REMEMBERED = 100_000
"""How many addresses are remembered; the longest unused are forgotten first."""


class Pace:
    """Lets each address create `per_minute` tasks a minute, all at once if it wants (GCRA, ATM Forum 1996).

    A batch is admitted whole if one task would be, and the address then waits for the excess: else a batch of more than
    `per_minute` tasks would never be admitted.
    """

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        """Take the limit (0: none); `now` returns monotonic seconds."""
        self.per_minute = per_minute
        self._now = now
        self._paid_until: OrderedDict[str, float] = OrderedDict()

    def admit(self, address: str, count: int) -> None:
        """Count tasks that an address is about to create. Raises Refusal."""
        if not self.per_minute:
            return
        network, now = network_of(address), self._now()
        paid_until = max(now, self._paid_until.get(network, now))
        wait = paid_until - now - MINUTE + MINUTE / self.per_minute
        if wait > 1e-6:
            detail = f"From one address {self.per_minute} tasks a minute may be created."
            raise Refusal(TOO_MANY_CREATES, detail, headers={"Retry-After": str(math.ceil(wait))})
        self._paid_until[network] = paid_until + count * MINUTE / self.per_minute
        self._paid_until.move_to_end(network)
        while len(self._paid_until) > MOST_REMEMBERED:
            self._paid_until.popitem(last=False)
