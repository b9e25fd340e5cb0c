"""Bugs in the upkeep: leases, lost messages, and the first look of a new API."""

import asyncio
from typing import Any

from proof.simulation.mutants.mutant import Mutant
from waybill_api.upkeep import dispatcher
from waybill_api.upkeep.dispatcher import Dispatcher
from waybill_api.upkeep.reaper import Reaper
from waybill_api.upkeep.silence import Silence
from waybill_api.upkeep.ticker import Ticker


async def _count(self: Ticker, clock: str) -> None:
    """Count all the time that has passed by a clock of the ticker's world."""
    last = getattr(self._world, clock)()
    while True:
        await asyncio.sleep(self._period)
        await self._ready()
        now = getattr(self._world, clock)()
        await self._turn(max(0.0, now - last))
        last = now


async def _by_wall_clock(self: Ticker) -> None:
    await _count(self, "time")


async def _unobserved(self: Ticker) -> None:
    await _count(self, "monotonic")


async def _never(self: Reaper, seconds: float) -> None:
    return None


async def _unheeded(self: Silence) -> None:
    return None


def _without_gaps(self: Silence, now: int, timeout: int) -> float:
    return now - 1_000 * timeout


def _nothing_lost(*given: Any) -> list[Any]:
    return []


def _no_backlog(self: Dispatcher) -> None:
    self._next_due = None


def _without_back_offs(self: Dispatcher, at: float) -> None:
    return None


MUTANTS = (
    Mutant("the lease goes by the wall clock", ((Ticker, "run", _by_wall_clock),)),
    Mutant("the lease runs on while the API stands still", ((Ticker, "run", _unobserved),)),
    Mutant("the silent are never reaped", ((Reaper, "tick", _never),)),
    Mutant("nobody is given up for silence", ((Silence, "tick", _unheeded),)),
    Mutant("the time without an API counts as silence", ((Silence, "_horizon", _without_gaps),)),
    Mutant("a lost message is never sent again", ((dispatcher, "lost", _nothing_lost),)),
    Mutant("a fresh API does not look for what is due", ((Dispatcher, "_find_backlog", _no_backlog),)),
    Mutant("a run that is due later is never sent", ((Dispatcher, "_wake_at", _without_back_offs),)),
)
