"""How much the API does at once, by its settings and by the descriptors that the system allows it."""

from dataclasses import dataclass
from typing import Self

from waybill.host.descriptors import allowed_descriptors
from waybill.settings import Settings

OWN = 100
"""Descriptors for other uses: databases, the queue and its journal, doorbells, last answers, helper processes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds, each at least 1 unless noted."""

    connections: int = 1_000
    long_polls: int = 500
    streams: int = 200
    streams_per_client: int = 20
    lists: int = 50
    creates_per_minute: int = 0
    """The limit for each address; 0: none."""

    @classmethod
    def of(cls, settings: Settings, descriptors: int | None = None) -> Self:
        """Return the bounds of these settings for `descriptors`, by default those that this process may have.

        Long requests never hold all connections: polls get at most a half, streams a quarter, lists an eighth.
        """
        if descriptors is None:
            descriptors = allowed_descriptors()
        possible = max(descriptors - OWN, descriptors // 2, 8)
        connections = possible if settings.connections is None else min(settings.connections, possible)
        return cls(
            connections=connections,
            long_polls=max(1, min(settings.long_polls, connections // 2)),
            streams=max(1, min(settings.streams, connections // 4)),
            streams_per_client=settings.streams_per_client,
            lists=max(1, min(settings.lists, connections // 8)),
            creates_per_minute=settings.creates_per_minute,
        )
