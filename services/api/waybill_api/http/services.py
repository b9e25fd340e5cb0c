"""The services that requests need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from waybill_api.edge.edge import Edge
from waybill_api.http.traffic import Traffic
from waybill_api.identity.access import Access
from waybill_api.identity.accounts import Accounts
from waybill_api.metrics import Metrics
from waybill_api.places import Room
from waybill_api.store.store import Store
from waybill_api.suggestions import Suggestions
from waybill_api.upkeep.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of the API that requests use, the same at every address."""

    access: Access
    traffic: Traffic
    store: Store
    workers: Workers
    accounts: Accounts
    metrics: Metrics
    suggestions: Suggestions
    room: Room
    edge: Edge
    document: Callable[[], Mapping[str, Any]]
    """Returns the description of the API in OpenAPI 3.1."""
