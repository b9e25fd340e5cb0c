"""The queue on a server: when it connects, and how often it tries."""

import logging
from itertools import pairwise

import pytest

from waybill.queue.errors import ConnectionLost, QueueUnavailable
from waybill.queue.message import Message
from waybill.queue.server_queue import LONGEST_PAUSE, ServerQueue, ServerStorage

URL = "redis://user:hush@host:1/0"


class FakeServer:
    """A server that connects or refuses, and a connection to it that works or fails."""

    def __init__(self) -> None:
        self.now = 100.0
        self.connects = 0
        self.closes = 0
        self.failures: list[Exception] = []
        self.refusal: Exception | None = None
        self.cautious = ["it is old"]

    def queue(self) -> ServerQueue:
        return ServerQueue(URL, self.connect, lambda: self.now)

    def connect(self, url: str) -> ServerStorage:
        self.connects += 1
        if self.refusal is not None:
            raise self.refusal
        return self  # type: ignore[return-value]

    def routes(self) -> list[bytes]:
        if self.failures:
            raise self.failures.pop(0)
        return [b"a"]

    def cautions(self) -> list[str]:
        return self.cautious

    def close(self) -> None:
        self.closes += 1


def test_nothing_is_connected_before_it_is_needed() -> None:
    server = FakeServer()
    queue = server.queue()
    assert server.connects == 0
    queue.send([])
    assert queue.take([], 1) == []
    assert server.connects == 0
    assert queue.routes() == queue.routes() == {"a"}
    assert server.connects == 1
    queue.close()
    assert server.closes == 1


def test_a_lost_connection_is_replaced_within_the_call() -> None:
    server = FakeServer()
    queue = server.queue()
    queue.routes()
    server.failures = [ConnectionLost("gone")]
    assert queue.routes() == {"a"}
    assert (server.connects, server.closes) == (2, 1)


def test_a_connection_that_is_lost_twice_is_a_failure() -> None:
    server = FakeServer()
    queue = server.queue()
    queue.routes()
    server.failures = [ConnectionLost("gone"), ConnectionLost("gone again")]
    with pytest.raises(QueueUnavailable, match=r"^redis://host:1/0: gone again$"):
        queue.routes()
    assert server.closes == server.connects == 2


def test_what_is_no_loss_of_the_connection_is_not_tried_again() -> None:
    server = FakeServer()
    queue = server.queue()
    queue.routes()
    server.failures = [QueueUnavailable("no answer for hush")]
    with pytest.raises(QueueUnavailable, match=r"^redis://host:1/0: no answer for \*\*\*$"):
        queue.routes()
    assert (server.connects, server.closes) == (1, 1)


def test_the_pauses_between_two_tries_grow_to_a_limit_and_begin_anew_after_a_success() -> None:
    server = FakeServer()
    queue = server.queue()
    server.refusal = QueueUnavailable("refused")
    tries = []
    for _ in range(400):
        with pytest.raises(QueueUnavailable, match="refused"):
            queue.send([("a", 0, Message("a", 1))])
        tries.append(server.connects)
        server.now += 0.05
    at = [tries.index(number) * 0.05 for number in range(1, server.connects + 1)]
    pauses = [after - before for before, after in pairwise(at)]
    assert pauses[:5] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6], abs=0.051)
    assert pauses[6:] == pytest.approx([LONGEST_PAUSE] * len(pauses[6:]), abs=0.051)
    server.refusal = None
    server.now += LONGEST_PAUSE
    queue.routes()
    server.failures = [QueueUnavailable("full")]
    with pytest.raises(QueueUnavailable):
        queue.routes()
    server.now += 0.11
    assert queue.routes() == {"a"}


def test_a_caution_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    server = FakeServer()
    queue = server.queue()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            queue.routes()
            queue.close()
        server.cautious = ["it is old", "it is small"]
        queue.routes()
    assert [record.getMessage() for record in caplog.records] == [
        "The queue on redis://host:1/0: it is old",
        "The queue on redis://host:1/0: it is small",
    ]
