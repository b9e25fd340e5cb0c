"""The page of workers."""

from waybill_api.admin.page import Page
from waybill_api.handlers.workers import worker_json
from waybill_api.http.operation import call


class WorkersPage(Page):
    """All workers."""

    @call("workers_page")
    async def get(self) -> None:
        """Show the workers."""
        found = [worker_json(one) for one in self.workers.known()]
        await self.show("workers.html", "Workers", workers=found)
