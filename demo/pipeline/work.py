"""The JSONs, and what the services do to them: all that is needed to know the right result."""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TYPE = "json"
"""The task type: tracked, so no worker runs it and services report on it."""

LATEST = "latest"
"""The metadata key that every service writes: who enriched the JSON last."""

WORK_SECONDS = (0.001, 0.01)
"""The shortest and the longest of the two pauses of a service for one JSON, in seconds."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One JSON on its way, with the logical clock and what the services have found out."""

    key: str
    seq: int
    document: Mapping[str, Any]
    metadata: Mapping[str, str] = field(default_factory=dict)


def parcels(count: int) -> list[Parcel]:
    """Return the JSONs for the pipeline."""
    return [Parcel(f"json-{number:05}", 0, {"number": number, "text": f"text {number}"}) for number in range(count)]


def names(count: int) -> list[str]:
    """Return the names of the services, in their order."""
    return [f"service-{number:02}" for number in range(1, count + 1)]


def found_by(service: str, key: str) -> str:
    """Return the value that a service finds out about a JSON."""
    return hashlib.sha256(f"{service} {key}".encode()).hexdigest()[:12]


def enriched(metadata: Mapping[str, str], service: str, key: str) -> dict[str, str]:
    """Return the metadata with what a service adds to it."""
    return {**metadata, service: found_by(service, key), LATEST: service}


def pauses(seed: int, service: str, key: str) -> tuple[float, float]:
    """Return the seconds that a service works on a JSON before it reports progress, and after."""
    chance = random.Random(f"{seed}/{service}/{key}")  # noqa: S311  # chance that can be repeated
    return chance.uniform(*WORK_SECONDS), chance.uniform(*WORK_SECONDS)
