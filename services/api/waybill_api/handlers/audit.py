"""The audit log."""

from typing import Annotated

from pydantic import Field

from waybill.wire.accounts import DeedJson, deed_json
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.store import tables


class AuditHandler(Endpoint):
    """Who did what, when and from where."""

    @call("list_deeds")
    async def get(
        self,
        before: Annotated[int | None, Field(ge=1, le=2**63 - 1, description="An audit_id: only older lines.")] = None,
        limit: Annotated[int, Field(ge=1, le=1_000, description="How many.")] = 100,
    ) -> list[DeedJson]:
        """List the audit log, newest first."""
        return [deed_json(deed) for deed in await self.store.read(tables.audit.page, before, limit)]
