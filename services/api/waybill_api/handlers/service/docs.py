"""The documentation of the API, for programs."""

import asyncio
from typing import Any

from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.http.type_schemas import MOST, with_types
from waybill_api.store import tables


class OpenApiHandler(Endpoint):
    """The description of every call."""

    @call("openapi")
    async def get(self) -> dict[str, Any]:
        """Describe the API in OpenAPI 3.1, with the schemas of the inputs of this installation's types."""
        # Made at the first request, since it takes longer than the rest of the API's start.
        document = await asyncio.to_thread(self.services.document)
        types = await self.store.read(tables.task_types.with_schema, MOST)
        return await asyncio.to_thread(with_types, document, types)


class StartPageHandler(Endpoint):
    """The first page that a person sees."""

    @call("start_page", 302)
    async def get(self) -> None:
        """Lead to the web interface."""
        self.set_header("Location", "/admin/")
