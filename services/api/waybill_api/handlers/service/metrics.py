"""The metrics, as Prometheus reads them."""

from typing import Protocol

from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call


class Exposition(Protocol):
    """What can be scraped."""

    @property
    def media_type(self) -> str:
        """The form of the text."""

    def text(self) -> bytes:
        """Return the present values."""


class MetricsHandler(Endpoint):
    """What an operator watches."""

    metrics: Exposition

    @call("metrics")
    async def get(self) -> None:
        """Return counters and histograms as Prometheus reads them; they cost no query."""
        self.set_header("Content-Type", self.metrics.media_type)
        self.finish(self.metrics.text())
