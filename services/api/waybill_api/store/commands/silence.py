"""Notice tracked tasks that have fallen silent."""

from collections.abc import Mapping

from waybill.domain.event import EventKind
from waybill.domain.transitions import fall_silent
from waybill_api.store.tables import tasks
from waybill_api.store.writing.unit import Unit

PORTION = 500
"""How many tasks with the same `stage_timeout` one transaction changes."""


def silence(unit: Unit, silent_since: Mapping[int, int]) -> list[str]:
    """Mark or end tasks without a report since a time (ms), which is given by `stage_timeout`; return their ids."""
    unit.flush()
    found = [
        task_id
        for timeout, at in silent_since.items()
        for task_id in tasks.not_heard_since(unit.connection, timeout, at, PORTION)
    ]
    unit.prefetch(found)
    for task_id in found:
        task = unit.load(task_id)
        after = fall_silent(task, now=unit.now)
        unit.put(after)
        if after.status.is_final:
            unit.record_own(after, EventKind.TIMEOUT, {"stage": task.stage})
    return found
