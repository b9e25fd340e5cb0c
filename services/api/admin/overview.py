"""The first page."""

from services.api.admin.page import Page
from services.api.operation import call


class OverviewPage(Page):
    """What is going on."""

    @call("overview_page")
    async def get(self) -> None:
        """Show the first page."""
        await self.show("overview.html", "Overview")
