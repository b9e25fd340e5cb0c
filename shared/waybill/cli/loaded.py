"""What the loading of a fixture has done, as lines."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Loaded(NamedTuple):
    """What was done to a task type or an account."""

    kind: str
    """`task_type` or `account`."""
    name: str
    effect: str


def lines(loaded: Iterable[Loaded], fixture: str) -> Iterator[str]:
    """Yield a line for each, and one for the fixture."""
    types = 0
    for one in loaded:
        types += one.kind == "task_type"
        yield f"{one.effect:<8} {one.name}{' (an account)' if one.kind == 'account' else ''}"
    yield f"{types} task types loaded from {fixture}."
