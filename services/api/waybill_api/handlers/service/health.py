"""Whether the API lives, and whether it can serve."""

import asyncio
from collections.abc import Sequence

from typing_extensions import TypedDict

from waybill_api.conditions import NOT_SERVING, Condition
from waybill_api.http.endpoint import Endpoint, Nowhere
from waybill_api.http.operation import call
from waybill_api.problems import NOT_READY, RETRY_SECONDS, Refusal

METHODS = ("GET", "POST", "PATCH", "DELETE")
"""The methods that some resource here has, besides HEAD and OPTIONS."""

PATIENCE = 5.0
"""Seconds that the writer may take."""


class Health(TypedDict):
    """The answer while all is well."""

    status: str


class HealthHandler(Endpoint):
    """Liveness."""

    @call("healthz")
    async def get(self) -> Health:
        """Tell that the process answers."""
        return {"status": "ok"}


class ReadyHandler(Endpoint):
    """Readiness."""

    @call("readyz", raises=(NOT_READY,))
    async def get(self) -> Health:
        """Tell whether tasks can be taken.

        Nothing may be wrong that is known of, and the writer has to serve a transaction. Else `reasons` say why not,
        each with a `code`: disk_full, database_locked, writer_waits, database_fails, database_damaged, database_lost,
        no_descriptors or not_serving. More may come.
        """
        conditions = self.store.conditions
        if not conditions.now():
            try:
                await asyncio.wait_for(self.store.ready(), PATIENCE)
            except Exception as error:
                raise not_ready(conditions.now()) from error
        if held := conditions.now():
            raise not_ready(held)
        return {"status": "ok"}


def not_ready(reasons: Sequence[Condition]) -> Refusal:
    """Return the refusal that names every reason."""
    held = reasons or [Condition(NOT_SERVING, "the store does not serve")]
    said = "; ".join(reason.detail for reason in held)
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return Refusal(NOT_READY, f"Not ready: {said}.", headers=headers, reasons=[reason._asdict() for reason in held])


class ServerHandler(Nowhere):
    """The server as a whole, which only OPTIONS can ask about."""

    def _allowed(self) -> str:
        return ", ".join(sorted({"HEAD", "OPTIONS", *METHODS}))
