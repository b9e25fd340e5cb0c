"""How many event streams are open: each holds a connection for as long as its reader likes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.api.problems import TOO_MANY_STREAMS, Refusal

MOST = 200
MOST_OF_ONE = 20
"""Of one login, or from one address without a login: a few pages in a browser, or a few programs.

Behind a proxy everybody has its address, but each reader of the pages a login.
"""

RETRY_AFTER = {"Retry-After": "10"}


class Streams:
    """Counts the open streams, of everybody and of each caller."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: Counter[str] = Counter()

    @contextmanager
    def opened(self, caller: str) -> Iterator[None]:
        """Count one more while it is open. Raises Refusal (429)."""
        if self._open.total() >= MOST:
            raise Refusal(TOO_MANY_STREAMS, f"{MOST} event streams are open already.", headers=RETRY_AFTER)
        if self._open[caller] >= MOST_OF_ONE:
            detail = f"{MOST_OF_ONE} event streams are open to you already."
            raise Refusal(TOO_MANY_STREAMS, detail, headers=RETRY_AFTER)
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
