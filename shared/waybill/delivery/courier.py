"""Sending parcels in order: as many at once as the API can take, and none held up by one that is never accepted."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from waybill.api_error import ApiError, ApiProblem
from waybill.client import Answer
from waybill.delivery.spool import Parcel
from waybill.domain.status import Outcome

BATCH = 1_000
"""How many reports the API takes at once."""

BATCH_BYTES = 7 * 1_048_576
"""Below the 8 MiB that the API takes, for the brackets and commas between."""

SLOW_SECONDS = 1.0
"""After a request that took longer, the next one has half as many reports."""

SMALLEST_BATCH = 20
"""Fewer are not worth a request of their own, which costs the API about as much as they do."""

FIRST_BATCH = 100
"""How many reports there are at most in the first request after one that failed: many may come at once."""

NEVER_ACCEPTED = (400, 413, 422)
SERVER_ERROR = 500
PATIENCE = 5
"""How many answers of 500 in a row make the batch, not the API, suspect."""


class Reports(Protocol):
    """What the courier needs of the client."""

    def report(self, reports: Sequence[Mapping[str, Any] | str]) -> list[Answer]:
        """Send reports and return an answer for each."""


class Courier:
    """Sends the first of many parcels in one request, and finds the bad one where a whole batch is not accepted.

    An API that is slow gets less at once, halved until a request takes no more than a second, and doubled again while
    it is quick. Otherwise what many couriers send would take longer than each of them waits for its answer; they would
    send the same again, and an API with more to do than it can would do it twice, with nobody else served meanwhile
    (N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021).
    """

    def __init__(self, client: Reports, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the client; `clock` counts monotonic seconds."""
        self._client = client
        self._clock = clock
        self._limit = BATCH
        self._errors = 0

    def send(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """Deliver at least the first parcel, and return answers for as many as were delivered.

        Raises ApiUnreachable or ApiProblem where nothing could be delivered now.
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
        """Return how many reports the next request may have, after one of this size."""
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
        """Judge the first parcel invalid; after a server error, only where the one behind it gets through."""
        first = Answer(parcels[0].task_id, Outcome.INVALID, None, str(error))
        if isinstance(error, ApiProblem):
            return [first]
        if len(parcels) == 1:
            raise error
        following = self._client.report([parcels[1].text])
        self._errors = 0
        return [first, *following]
