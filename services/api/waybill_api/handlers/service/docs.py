"""The documentation of the API, for programs."""

import asyncio
from typing import Any

from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call


class OpenApiHandler(Endpoint):
    """The description of every call."""

    @call("openapi")
    async def get(self) -> dict[str, Any]:
        """Describe the API in OpenAPI 3.1."""
        # Made at the first request, since it takes longer than the rest of the API's start.
        return dict(await asyncio.to_thread(self.services.document))


class StartPageHandler(Endpoint):
    """The first page that a person sees."""

    @call("start_page", 302)
    async def get(self) -> None:
        """Lead to the web interface."""
        self.set_header("Location", "/admin/")
