"""The metrics, as Prometheus reads them."""

from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call


class MetricsHandler(Endpoint):
    """What an operator watches."""

    @call("metrics")
    async def get(self) -> None:
        """Return counters and histograms as Prometheus reads them; they cost no query."""
        self.set_header("Content-Type", self.services.metrics.media_type)
        self.finish(self.services.metrics.text())
