"""The queue on a server: connected when it is needed, and again after each failure."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from waybill.queue.errors import ConnectionLost, QueueUnavailable
from waybill.queue.queue import Queue, Storage
from waybill.queue.url import shown, without_password

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""Seconds for a connection, and for each answer: a service that waits longer cannot stop in good order."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds between two tries to connect; a call in between fails at once."""

T = TypeVar("T")


class ServerStorage(Storage, Protocol):
    """One connection to a server. Its methods raise ConnectionLost and QueueUnavailable."""

    def generation(self) -> str:
        """Return a value that the server loses together with the messages."""

    def cautions(self) -> list[str]:
        """Return what is wrong with the server although it works, as lines of the log."""

    def close(self) -> None:
        """Close the connection."""


class ServerQueue(Queue):
    """A queue on a server, which may be away, frozen, started again or emptied at any time."""

    def __init__(
        self, url: str, connect: Callable[[str], ServerStorage], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the URL and what connects to it; the first call connects."""
        self._url = url
        self._connect = connect
        self._clock = clock
        self._lock = threading.Lock()
        self._storage: ServerStorage | None = None
        self._pause = FIRST_PAUSE
        self._retry_at = 0.0
        self._failure = ""
        self._said: set[str] = set()

    @property
    def generation(self) -> str:
        """A value that the server loses together with the messages."""
        return self._serve(lambda storage: storage.generation())

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _use(self, work: Callable[[Storage], T]) -> T:
        return self._serve(work)

    def _serve(self, work: Callable[[ServerStorage], T]) -> T:
        with self._lock:
            was_connected = self._storage is not None
            if not was_connected and self._clock() < self._retry_at:
                raise QueueUnavailable(self._failure)
            try:
                try:
                    done = work(self._connected())
                except ConnectionLost:
                    if not was_connected:
                        raise
                    # The server was started again, or has closed what was idle.
                    self._drop()
                    done = work(self._connected())
            except QueueUnavailable as error:
                self._drop()
                self._failure = f"{shown(self._url)}: {without_password(str(error), self._url)}"
                self._retry_at = self._clock() + self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
                raise QueueUnavailable(self._failure) from None
            self._pause = FIRST_PAUSE
            return done

    def _connected(self) -> ServerStorage:
        if self._storage is None:
            self._storage = self._connect(self._url)
            for caution in self._storage.cautions():
                if caution not in self._said:
                    self._said.add(caution)
                    logger.warning("The queue on %s: %s", shown(self._url), caution)
        return self._storage

    def _drop(self) -> None:
        storage, self._storage = self._storage, None
        if storage is not None:
            storage.close()
