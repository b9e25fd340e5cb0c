"""The times of one page, and the table of all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.figure import Side, Target, median, percentile
from benchmarks.table import amount
from throwaway.table import aligned

TARGET = Target(of="value", at_most=100.0)
"""Milliseconds of the 95th percentile, with and without writes beside it."""

HEAD = ("PAGE OR CALL", "MEDIAN", "P95", "MEDIAN, WRITES", "P95, WRITES", "TARGET", "")


@dataclass(frozen=True, slots=True)
class Timing:
    """The milliseconds of the answers to one kind of request, without and with writes beside it."""

    name: str
    alone: tuple[float, ...]
    beside_writes: tuple[float, ...]

    @property
    def holds(self) -> bool:
        """Whether both are within the target."""
        return all(TARGET.is_met_by(percentile(values, 0.95)) for values in (self.alone, self.beside_writes))

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        sides = {"alone": self.alone, "beside_writes": self.beside_writes}
        told = {
            name: Side(name=name, value=percentile(values, 0.95), values=values).document() | {"median": median(values)}
            for name, values in sides.items()
        }
        return {"name": self.name, **told, "at_most": TARGET.at_most, "holds": self.holds}


def table(timings: Sequence[Timing]) -> str:
    """Return the table."""
    return aligned([HEAD, *map(_row, timings)])


def _row(timing: Timing) -> Sequence[str]:
    return (
        timing.name,
        *_amounts(timing.alone),
        *_amounts(timing.beside_writes),
        f"p95 <= {TARGET.at_most:g} ms",
        "holds" if timing.holds else "misses",
    )


def _amounts(values: Sequence[float]) -> Iterable[str]:
    return amount(median(values), "ms"), amount(percentile(values, 0.95), "ms")
