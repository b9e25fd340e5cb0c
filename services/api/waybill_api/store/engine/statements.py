"""Parts of SQL statements."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

MOST_PARAMETERS = 500
"""How many values one statement takes at most."""

T = TypeVar("T")


def placeholders(values: Collection[Any]) -> str:
    """Return a placeholder for each value."""
    return ", ".join("?" * len(values))


def slices(values: Sequence[T], size: int = MOST_PARAMETERS) -> Iterator[Sequence[T]]:
    """Yield the values in order, up to `size` at a time."""
    return (values[start : start + size] for start in range(0, len(values), size))
