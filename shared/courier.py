"""Sending parcels in order, without letting one that is never accepted hold up those behind it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shared.client import Answer, ApiError, ApiProblem
from shared.domain.status import Outcome
from shared.spool import Parcel

BATCH = 1_000
"""How many reports the API takes at once."""

BATCH_BYTES = 7 * 1_048_576
"""Below the 8 MiB that the API takes, for the brackets and commas between."""

NEVER_ACCEPTED = (400, 413, 422)
SERVER_ERROR = 500
PATIENCE = 5
"""How many answers of 500 in a row make the batch, not the API, suspect."""


class Reports(Protocol):
    """What the courier needs of the client."""

    def report(self, reports: Sequence[Mapping[str, Any] | str]) -> list[Answer]:
        """Send reports and return an answer for each."""


class Courier:
    """Sends the first of many parcels in one request, and finds the bad one where a whole batch is not accepted."""

    def __init__(self, client: Reports) -> None:
        """Take the client."""
        self._client = client
        self._limit = BATCH
        self._errors = 0

    def send(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """Deliver at least the first parcel, and return answers for as many as were delivered.

        Raises ApiUnreachable or ApiProblem where nothing could be delivered now.
        """
        while True:
            batch = self._batch(parcels)
            try:
                answers = self._client.report([parcel.text for parcel in batch])
            except ApiError as error:
                if not self._suspects(error):
                    raise
                if len(batch) > 1:
                    self._limit = len(batch) // 2
                    continue
                return self._without_first(parcels, error)
            self._errors = 0
            self._limit = min(2 * self._limit, BATCH)
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
