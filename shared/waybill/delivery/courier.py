"""The courier: sends parcels in order, as many at once as the API can take."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from waybill.api_error import ApiError, ApiProblem
from waybill.client.calls import Answer
from waybill.delivery.spool import Parcel
from waybill.domain.status import Outcome

BATCH = 1_000
"""How many reports the API takes at once."""

BATCH_BYTES = 7 * 1_048_576
"""Bytes of reports in one request: below the 8 MiB that the API takes, since brackets and commas come on top."""

SLOW_SECONDS = 1.0
"""Seconds after which a request counts as slow: the next one has half as many reports."""

SMALLEST_BATCH = 20
"""The fewest reports in a request that was halved: a request costs the API about as much as these."""

FIRST_BATCH = 100
"""The most reports in the first request after a failure: many couriers may send at the same time."""

NEVER_ACCEPTED = (400, 413, 422)
SERVER_ERROR = 500
PATIENCE = 5
"""After how many answers of 500 in a row the batch, not the API, is suspected."""


class Reports(Protocol):
    """What the courier needs of the client."""

    def report(self, reports: Sequence[Mapping[str, Any] | str]) -> list[Answer]:
        """Send reports and return an answer for each."""


class Courier:
    """Sends the first of many parcels in one request, and finds the bad one if a whole batch is not accepted.

    If the API is slow, the next batch is half as large, until a request takes at most a second; while the API is quick,
    batches double again. Otherwise the requests of many couriers would time out, be sent again, and keep an overloaded
    API busy with the same reports (N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021).
    """

    def __init__(self, client: Reports, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the client; `clock` counts monotonic seconds."""
        self._client = client
        self._clock = clock
        self._limit = BATCH
        self._errors = 0

    def send(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """Deliver at least the first parcel, and return an answer for each delivered one.

        Raises ApiUnreachable or ApiProblem if none could be delivered now.
        """
        while True:
            batch = self._batch(parcels)
            begun = self._clock()
            try:
                answers = self._client.report([parcel.text for parcel in batch])
            except ApiError as error:
                if not self._suspects(error):
                    self._limit = min(self._fitting(len(batch), begun), FIRST_BATCH)
                    raise
                if len(batch) > 1:
                    self._limit = len(batch) // 2
                    continue
                return self._without_first(parcels, error)
            self._errors = 0
            self._limit = self._fitting(len(batch), begun)
            return answers

    def _batch(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        batch: list[Parcel] = []
        size = 0
        for parcel in parcels[: self._limit]:
            size += len(parcel.text.encode())
            if batch and size > BATCH_BYTES:
                break
            batch.append(parcel)
        return batch

    def _fitting(self, size: int, begun: float) -> int:
        """Return how many reports the next request may have, after one of `size`."""
        if self._clock() - begun > SLOW_SECONDS:
            return max(SMALLEST_BATCH, size // 2)
        return min(2 * self._limit, BATCH)

    def _suspects(self, error: ApiError) -> bool:
        """Whether the parcels, rather than the API, seem to be at fault."""
        if isinstance(error, ApiProblem):
            return error.status in NEVER_ACCEPTED
        self._errors = self._errors + 1 if error.status == SERVER_ERROR else 0
        return self._errors >= PATIENCE

    def _without_first(self, parcels: Sequence[Parcel], error: ApiError) -> list[Answer]:
        """Count the first parcel as invalid; after a server error, only if the API accepts the one behind it."""
        first = Answer(parcels[0].task_id, Outcome.INVALID, None, str(error))
        if isinstance(error, ApiProblem):
            return [first]
        if len(parcels) == 1:
            raise error
        following = self._client.report([parcels[1].text])
        self._errors = 0
        return [first, *following]
