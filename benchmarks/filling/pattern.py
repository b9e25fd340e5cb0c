"""What a database is filled with."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from waybill.domain.report import Report
from waybill.domain.task_type import TaskType
from waybill_api.store.commands.task_draft import TaskDraft


class Pattern(Protocol):
    """The tasks of a database, counted from 0, and the reports on them."""

    period: int
    """The number of tasks after which the pattern repeats, with other times and other numbers of nine digits."""

    @property
    def types(self) -> Sequence[TaskType]:
        """The types of the tasks, besides `sleep`."""

    def draft(self, number: int) -> TaskDraft:
        """Return the draft of a task."""

    def reports(self, number: int, task_id: str) -> Iterable[Report]:
        """Return the reports on a task, in the order of time."""
