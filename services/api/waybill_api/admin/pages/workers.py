"""The page of workers."""

from collections.abc import Sequence
from typing import Protocol

from waybill_api.admin.page import Page
from waybill_api.handlers.workers import worker_json
from waybill_api.http.operation import call
from waybill_api.upkeep.workers import Presence


class Registry(Protocol):
    """What is needed of the upkeep."""

    def everybody(self) -> Sequence[Presence]:
        """Return who is there."""


class WorkersPage(Page):
    """All workers."""

    workers: Registry

    @call("workers_page")
    async def get(self) -> None:
        """Show the workers."""
        found = [worker_json(one) for one in self.workers.everybody()]
        await self.show("workers.html", "Workers", workers=found)
