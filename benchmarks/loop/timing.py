"""How long a call has held the loop."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.table import amount
from throwaway.table import aligned

TARGET = 50.0
"""Milliseconds for which one request may hold the loop."""


class Held(NamedTuple):
    """The longest pause of the loop during a call, in milliseconds."""

    name: str
    status: str
    took: float
    held: float
    computed: float
    """The part of the pause in which the process used a processor; for the rest it waited."""

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        return self.held <= TARGET


def table(found: Sequence[Held], most: int) -> str:
    """Return the worst `most` as lines of a table."""
    head = ("CALL", "STATUS", "TAKES", "LOOP STOOD STILL", "COMPUTING", f"TARGET <= {TARGET:.0f} ms")
    worst = sorted(found, key=lambda one: -one.held)[:most]
    return aligned([head, *(_row(one) for one in worst)])


def _row(one: Held) -> tuple[str, ...]:
    times = (amount(value, "ms") for value in (one.took, one.held, one.computed))
    return one.name, one.status, *times, "holds" if one.holds else "misses"
