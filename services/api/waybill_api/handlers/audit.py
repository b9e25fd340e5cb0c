"""The audit log."""

from typing import Annotated, Protocol

from pydantic import Field

from waybill.domain.audit import Deed
from waybill.wire.accounts import DeedJson, deed_json
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call


class Log(Protocol):
    """What is needed of the store."""

    async def deeds(self, before: int | None, limit: int) -> list[Deed]:
        """Return a page, newest first."""


class AuditHandler(Endpoint):
    """Who did what, when and from where."""

    store: Log

    @call("list_deeds")
    async def get(
        self,
        before: Annotated[int | None, Field(ge=1, le=2**63 - 1, description="An audit_id: only older lines.")] = None,
        limit: Annotated[int, Field(ge=1, le=1_000, description="How many.")] = 100,
    ) -> list[DeedJson]:
        """List the audit log, newest first."""
        return [deed_json(deed) for deed in await self.store.deeds(before, limit)]
