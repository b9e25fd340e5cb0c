"""What a database is filled with."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from waybill.domain.report import Report
from waybill.domain.task_type import TaskType
from waybill_api.store.commands.task_draft import TaskDraft


class Pattern(Protocol):
    """Tasks, counted from 0, and what is reported on them."""

    period: int
    """After so many tasks it begins anew: what follows differs in times and in numbers of nine digits only."""

    @property
    def types(self) -> Sequence[TaskType]:
        """The types of its tasks, besides `sleep`."""

    def draft(self, number: int) -> TaskDraft:
        """Return how a task is created."""

    def reports(self, number: int, task_id: str) -> Iterable[Report]:
        """Return what is said of it, in the order of time."""
