"""An entrance without descriptors pauses, logs that once, and accepts again soon afterwards."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from waybill_api.conditions import NO_DESCRIPTORS, Conditions
from waybill_api.sockets import entrance as module
from waybill_api.sockets.entrance import Entrance

PATIENCE = 20.0


class Listener(socket.socket):
    """A listening socket that can lack descriptors for its connections."""

    def __init__(self) -> None:
        super().__init__()
        self.bind(("127.0.0.1", 0))
        self.listen()
        self.setblocking(False)
        self.failures: list[int] = []
        self.is_starved = False
        self.calls = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.calls += 1
        if self.is_starved:
            raise OSError(errno.EMFILE, "Too many open files")
        if self.failures:
            raise OSError(self.failures.pop(0), "as told")
        return super().accept()


class Bench:
    """An entrance, the connections it has welcomed, and the idle ones."""

    def __init__(self) -> None:
        self.listener = Listener()
        self.conditions = Conditions()
        self.welcomed: list[socket.socket] = []
        self.idle = 0
        self.on_room: Callable[[], None] = lambda: None
        self.clients: list[socket.socket] = []
        self.entrance = Entrance(self.listener, self.welcome, self.make_room, self.conditions)

    def welcome(self, connection: socket.socket, address: Any) -> None:
        self.welcomed.append(connection)

    def make_room(self) -> bool:
        if not self.idle:
            return False
        self.idle -= 1
        self.on_room()
        return True

    def connect(self, count: int = 1) -> None:
        self.clients += [socket.create_connection(self.listener.getsockname()) for _ in range(count)]

    async def until(self, predicate: Callable[[], bool]) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not predicate():
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.005)

    def close(self) -> None:
        self.entrance.close()
        for one in (self.listener, *self.clients, *self.welcomed):
            one.close()


def run(work: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        bench = Bench()
        try:
            await work(bench)
        finally:
            bench.close()

    asyncio.run(whole())


def test_everybody_is_let_in_and_who_left_again_is_passed_over() -> None:
    async def work(bench: Bench) -> None:
        bench.listener.failures = [errno.ECONNABORTED, errno.EPROTO]
        bench.connect(3)
        await bench.until(lambda: len(bench.welcomed) == 3)
        assert NO_DESCRIPTORS not in bench.conditions

    run(work)


def test_without_descriptors_it_rests_instead_of_spinning_and_says_so_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0.05)
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.3)

    async def work(bench: Bench) -> None:
        bench.listener.is_starved = True
        bench.connect(2)
        await bench.until(lambda: NO_DESCRIPTORS in bench.conditions)
        await asyncio.sleep(0.5)
        assert bench.listener.calls < 20
        bench.listener.is_starved = False
        await bench.until(lambda: len(bench.welcomed) == 2)
        await bench.until(lambda: NO_DESCRIPTORS not in bench.conditions)

    with caplog.at_level(logging.INFO):
        run(work)
    begun, over = (record.getMessage() for record in caplog.records)
    assert begun == "not ready: this process has no descriptors for new connections (Too many open files)"
    assert over.startswith("well again")


def test_a_system_that_complains_though_nobody_waits_is_not_believed() -> None:
    async def work(bench: Bench) -> None:
        bench.connect()
        accept = bench.listener.accept

        def last() -> tuple[socket.socket, Any]:
            accepted = accept()
            bench.listener.is_starved = True
            return accepted

        bench.listener.accept = last  # type: ignore[method-assign]
        bench.idle = 1
        await bench.until(lambda: len(bench.welcomed) == 1)
        assert bench.idle == 1
        assert NO_DESCRIPTORS not in bench.conditions

    run(work)


def test_an_idle_connection_gives_way_and_nobody_waits() -> None:
    async def work(bench: Bench) -> None:
        bench.listener.is_starved = True
        bench.idle = 1

        def relieve() -> None:
            bench.listener.is_starved = False

        bench.on_room = relieve
        bench.connect()
        await bench.until(lambda: len(bench.welcomed) == 1)
        assert bench.idle == 0

    run(work)


def test_one_that_is_closed_while_it_rests_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0.01)

    async def work(bench: Bench) -> None:
        bench.listener.is_starved = True
        bench.connect()
        await bench.until(lambda: NO_DESCRIPTORS in bench.conditions)
        bench.entrance.close()
        bench.listener.is_starved = False
        await asyncio.sleep(0.1)
        assert bench.welcomed == []

    run(work)
