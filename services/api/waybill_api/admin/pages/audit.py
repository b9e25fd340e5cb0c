"""The page of the audit log."""

from waybill.wire.accounts import deed_json
from waybill_api.admin.page import Page
from waybill_api.http.operation import call
from waybill_api.store import tables

AT_ONCE = 100


class AuditPage(Page):
    """The audit log: who did what."""

    @call("audit_page")
    async def get(self) -> None:
        """Show the newest lines; the page fetches older ones."""
        deeds = [deed_json(deed) for deed in await self.store.read(tables.audit.page, None, AT_ONCE)]
        await self.show("audit.html", "Audit", deeds=deeds, at_once=AT_ONCE)
