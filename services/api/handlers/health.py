"""Whether the API lives, and whether it can serve."""

import asyncio
from typing import Protocol

from typing_extensions import TypedDict

from services.api.endpoint import Endpoint, Nowhere
from services.api.operation import call
from services.api.problems import NOT_READY, Refusal

METHODS = ("GET", "POST", "PATCH", "DELETE")
"""Those that some resource here has, besides HEAD and OPTIONS."""

PATIENCE = 5.0
"""Seconds that the writer may take."""


class Readiness(Protocol):
    """What readiness needs of the store."""

    async def ready(self) -> None:
        """Return once the writer has served a transaction."""


class Health(TypedDict):
    """That all is well."""

    status: str


class HealthHandler(Endpoint):
    """Liveness."""

    @call("healthz")
    async def get(self) -> Health:
        """Tell that the process answers."""
        return {"status": "ok"}


class ReadyHandler(Endpoint):
    """Readiness."""

    store: Readiness

    @call("readyz", raises=(NOT_READY,))
    async def get(self) -> Health:
        """Tell whether tasks can be taken: the writer has to serve a transaction."""
        try:
            await asyncio.wait_for(self.store.ready(), PATIENCE)
        except Exception as error:
            raise Refusal(NOT_READY, "The store does not serve.") from error
        return {"status": "ok"}


class ServerHandler(Nowhere):
    """The server as a whole, which only OPTIONS can ask about."""

    def _allowed(self) -> str:
        return ", ".join(sorted({"HEAD", "OPTIONS", *METHODS}))
