"""The contract of the queue between the two services, whatever keeps its messages."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from math import inf
from typing import Any, Protocol, TypeVar

from waybill.queue.message import Message, QueuedMessage, RoutedMessage

logger = logging.getLogger(__name__)

MESSAGE_CAP = 4_096
"""How many bytes of a message are read; a longer one does not parse, and so is dropped."""

ROUTE_CAP = 256
"""How many characters of a route are read; the names of a type and a handler together are shorter."""

PRIORITY_CAP = 1_000
"""The highest priority that counts; a message that the API did not write may have any."""

T = TypeVar("T")


class Storage(Protocol):
    """What keeps the messages, as routes and bytes that may have been written by anybody."""

    def send(self, messages: Sequence[tuple[str, int, Message]]) -> None:
        """Put messages (route, priority, message) on the queue in one step."""

    def take(self, floors: Mapping[str, float], limit: int) -> list[tuple[bytes, bytes, float]]:
        """Remove up to `limit` messages, first by priority, then by age, and return (route, data, priority) of each.

        `floors` maps each route to the priority that its messages must exceed.
        """

    def routes(self) -> list[bytes]:
        """Return the routes that have messages."""

    def contents(self) -> list[tuple[int, bytes, bytes]]:
        """Return every message as (number, route, data)."""

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove messages by their numbers."""

    def take_back(self, route: str, limit: int) -> list[bytes]:
        """Remove up to `limit` messages of a route, the last by priority and age."""


class Queue(ABC):
    """The queue: it may lose messages, which are hints, and a message may be on it twice; a claim decides.

    Safe to share between threads. Each method raises QueueUnavailable if the queue cannot be used now, and no error of
    a driver.
    """

    @property
    @abstractmethod
    def generation(self) -> int | str:
        """What changes if messages may have been lost: those that are not on the queue must then be sent again."""

    @abstractmethod
    def close(self) -> None:
        """Close the file or the connection."""

    @abstractmethod
    def _use(self, work: Callable[[Storage], T]) -> T:
        """Do one piece of work on the storage."""

    def send(self, messages: Sequence[tuple[str, int, Message]]) -> None:
        """Put messages (route, priority, message) on the queue in one step."""
        if messages:
            self._use(lambda storage: storage.send(messages))

    def take(self, routes: Collection[str] | Mapping[str, float], limit: int) -> list[RoutedMessage]:
        """Remove up to `limit` messages of these routes in one step, first by priority, then by age.

        If the routes are mapped to priorities, only messages that exceed them are taken.
        """
        if not routes or limit < 1:
            return []
        floors = routes if isinstance(routes, Mapping) else dict.fromkeys(routes, -inf)
        rows = self._use(lambda storage: storage.take(floors, limit))
        messages = _decoded([data for _, data, _ in rows])
        return [
            RoutedMessage(_text(route), int(max(-PRIORITY_CAP, min(priority, PRIORITY_CAP))), message)
            for (route, _, priority), message in zip(rows, messages, strict=True)
            if message is not None
        ]

    def routes(self) -> set[str]:
        """Return the routes that have messages now."""
        return {_text(route) for route in self._use(lambda storage: storage.routes())}

    def contents(self) -> set[Message]:
        """Return the messages that are on the queue now."""
        return {one.message for one in self.queued()}

    def queued(self) -> list[QueuedMessage]:
        """Return the messages that are on the queue now, each with its number and route."""
        rows = self._use(lambda storage: storage.contents())
        messages = _decoded([data for _, _, data in rows])
        return [
            QueuedMessage(number, _text(route), message)
            for (number, route, _), message in zip(rows, messages, strict=True)
            if message is not None
        ]

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove messages by their numbers on the queue."""
        if numbers:
            self._use(lambda storage: storage.remove(numbers))

    def take_back(self, route: str, limit: int) -> list[Message]:
        """Remove and return up to `limit` messages of a route, those that a worker would take last."""
        found = _decoded(self._use(lambda storage: storage.take_back(route, limit)))
        return [message for message in found if message is not None]


def _decoded(read: Sequence[Any]) -> list[Message | None]:
    """Decode messages, None for each that cannot be read; one line of the log counts these, however many they are."""
    decoded: list[Message | None] = []
    errors: list[Exception] = []
    for data in read:
        try:
            decoded.append(Message.decode(data))
        except (ValueError, TypeError) as error:
            decoded.append(None)
            errors.append(error)
    if errors:
        logger.warning(
            "Messages that cannot be read were left out: %d, the first because of %s", len(errors), errors[0]
        )
    return decoded


def _text(route: bytes) -> str:
    return route.decode(errors="replace")
