"""The documentation of the API, for programs."""

from collections.abc import Mapping
from typing import Any

from services.api.endpoint import Endpoint
from services.api.operation import call


class OpenApiHandler(Endpoint):
    """The description of every call."""

    document: Mapping[str, Any]

    @call("openapi")
    async def get(self) -> dict[str, Any]:
        """Describe the API in OpenAPI 3.1."""
        return dict(self.document)


class StartPageHandler(Endpoint):
    """The first page that a person sees."""

    @call("start_page", 302)
    async def get(self) -> None:
        """Lead to the web interface."""
        self.set_header("Location", "/admin/")
