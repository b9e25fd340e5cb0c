"""Give up tasks that no worker serves."""

from collections.abc import Mapping

from waybill.domain import transitions
from waybill.domain.event import EventKind
from waybill_api.store.tables import lanes
from waybill_api.store.writing.unit import Unit

PORTION = 500
"""How many tasks of one route and priority one transaction gives up."""


def give_up(unit: Unit, due_before: Mapping[str, int]) -> int:
    """End the tasks of each route that became due before its time (ms), and return how many there were."""
    unit.flush()
    late = [lane for lane in lanes.occupied(unit.connection) if lane.route in due_before]
    found = [run for lane in late for run in lanes.due(unit.connection, lane, due_before[lane.route], PORTION)]
    unit.prefetch(run.task_id for run in found)
    for run in found:
        after = transitions.give_up(unit.load(run.task_id), now=unit.now)
        unit.put(after)
        unit.record_own(after, EventKind.TIMEOUT, {"route": run.route})
    return len(found)
