"""What was measured: Waybill's side, the comparator's side, and whether a target holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["/s", "ms", "s"]


def median(values: Sequence[float]) -> float:
    """Return the middle value, or the mean of the two middle values. Raises ValueError if there is none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Sequence[float], share: float) -> float:
    """Return the percentile (nearest rank) of the values; `share` is from 0 to 1."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """The result of one side: `value` sums up `values`, which are in the order of measurement."""

    name: str
    value: float
    values: tuple[float, ...]
    note: str = ""
    """What the measurement did differently on this side."""

    @classmethod
    def of_rounds(cls, name: str, values: Sequence[float], note: str = "") -> "Side":
        """Return a side with the median of all rounds."""
        return cls(name=name, value=median(values), values=tuple(values), note=note)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"name": self.name, "value": self.value, "values": list(self.values), "note": self.note}


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The target of a figure: a bound on its ratio to the comparator, or on Waybill's own value."""

    of: Literal["ratio", "value"]
    at_least: float | None = None
    at_most: float | None = None

    def is_met_by(self, number: float) -> bool:
        """Whether a ratio or a value is within the bounds."""
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One line of the table: both sides, and a target."""

    name: str
    unit: Unit
    waybill: Side
    against: Side
    target: Target | None = None

    @property
    def ratio(self) -> float:
        """How many times as fast as the comparator Waybill is, for rates as well as durations."""
        if self.unit == "/s":
            return self.waybill.value / self.against.value
        return self.against.value / self.waybill.value

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None without a target."""
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
