"""Cancel, retry or delete many tasks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from waybill.domain.errors import TaskIsFinal, TaskIsNotFinal, TaskNotFound, WaybillError
from waybill.domain.status import Status
from waybill_api.store.commands import tasks
from waybill_api.store.writing.unit import Unit


class Action(StrEnum):
    """What can be done to many tasks."""

    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The statuses in which a task allows it."""
        is_final = self is not Action.CANCEL
        return tuple(status for status in Status if status.is_final == is_final)


@dataclass(frozen=True, slots=True)
class Carried:
    """How many tasks were changed, and how many did not allow it, by the reason."""

    applied: int
    refused: Counter[type[WaybillError]]


def carry_out(unit: Unit, action: Action, task_ids: Sequence[str]) -> Carried:
    """Apply an action to every task that allows it."""
    unit.prefetch(task_ids)
    applied = 0
    refused: Counter[type[WaybillError]] = Counter()
    for task_id in task_ids:
        try:
            _do(unit, action, task_id)
        except (TaskNotFound, TaskIsFinal, TaskIsNotFinal) as error:
            refused[type(error)] += 1
        else:
            applied += 1
    return Carried(applied, refused)


def _do(unit: Unit, action: Action, task_id: str) -> None:
    match action:
        case Action.CANCEL:
            tasks.cancel(unit, task_id)
        case Action.RETRY:
            tasks.retry(unit, task_id)
        case Action.DELETE:
            tasks.delete(unit, task_id)
