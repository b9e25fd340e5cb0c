"""What was measured: Waybill's side, the comparator's side, and whether a target holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["/s", "ms", "s"]


def median(values: Sequence[float]) -> float:
    """Return the middle one of the values, or the mean of the two in the middle. Raises ValueError where none is."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share (0..1) of the values does not exceed (nearest rank)."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What one of the two achieved; `values` are what `value` sums up, in the order in which they were measured."""

    name: str
    value: float
    values: tuple[float, ...]
    note: str = ""
    """What was done otherwise on this side, for the reader."""

    @classmethod
    def of_rounds(cls, name: str, values: Sequence[float], note: str = "") -> "Side":
        """Return the median of rounds."""
        return cls(name=name, value=median(values), values=tuple(values), note=note)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"name": self.name, "value": self.value, "values": list(self.values), "note": self.note}


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a figure is meant to reach: its ratio to the comparator, or Waybill's own value."""

    of: Literal["ratio", "value"]
    at_least: float | None = None
    at_most: float | None = None

    def is_met_by(self, number: float) -> bool:
        """Whether a ratio or a value is within the bounds."""
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    unit: Unit
    waybill: Side
    against: Side
    target: Target | None = None

    @property
    def ratio(self) -> float:
        """How many times as fast as the comparator Waybill is, whether the figures are rates or durations."""
        if self.unit == "/s":
            return self.waybill.value / self.against.value
        return self.against.value / self.waybill.value

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.target.is_met_by(self.ratio if self.target.of == "ratio" else self.waybill.value)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        target = self.target
        return {
            "name": self.name,
            "unit": self.unit,
            "waybill": self.waybill.document(),
            "against": self.against.document(),
            "ratio": self.ratio,
            "target": target and {"of": target.of, "at_least": target.at_least, "at_most": target.at_most},
            "holds": self.holds,
        }
