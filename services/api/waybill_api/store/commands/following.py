"""Give tasks that wait for a handler which no worker has the handler of their type."""

from typing import NamedTuple

from waybill.domain import transitions
from waybill.domain.event import EventKind
from waybill_api.store.tables import lanes
from waybill_api.store.tables.lanes import Lane
from waybill_api.store.writing.unit import Unit

PORTION = 200
"""How many tasks one transaction checks."""

FIRST = (-1, "")
"""Before every task of a lane."""


class Followed(NamedTuple):
    """How many tasks changed, and the task after which to continue; None if all were checked."""

    tasks: int
    place: tuple[int, str] | None


def follow(unit: Unit, lane: Lane, after: tuple[int, str] = FIRST) -> Followed:
    """Give up to `PORTION` tasks that wait in a lane behind `after` the handler of their type."""
    unit.flush()
    found = lanes.waiting(unit.connection, lane, after, PORTION)
    unit.prefetch(task_id for _, task_id in found)
    count = 0
    for _, task_id in found:
        task = unit.load(task_id)
        task_type = unit.task_type(task.type)
        followed = task if task_type is None else transitions.follow(task, task_type, now=unit.now)
        if followed is not task:
            unit.put(followed)
            unit.record_own(followed, EventKind.REROUTE, {"handler": followed.handler, "instead_of": task.handler})
            count += 1
    return Followed(count, found[-1] if len(found) == PORTION else None)
