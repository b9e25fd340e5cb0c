"""Long requests are bounded, in all and for each client, and slow readers delay no other client."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from tests.integration.admin.people import admitted
from tests.integration.following import follow
from tests.integration.talking import PATIENCE, REPORTER, Fetch, head_of
from waybill.domain.account import Role
from waybill.domain.task import Task
from waybill.wire.tasks import TaskJson, task_json
from waybill_api.http import long_answers
from waybill_api.http.traffic import Traffic
from waybill_api.identity.accounts import Accounts
from waybill_api.limits import Limits
from waybill_api.sockets.patient_server import PatientServer
from waybill_api.store.store import Store


@pytest.fixture
def limits() -> Limits:
    return Limits(connections=12, long_polls=4, streams=3, streams_per_client=2, lists=2)


def run(fetch: Fetch, work: Coroutine[Any, Any, None]) -> None:
    fetch.run(asyncio.wait_for(work, PATIENCE))


class Connection:
    """A connection of a client, from an address of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def ask(self, path: str) -> None:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        status, headers, _ = head_of(head)
        return status, headers, await self.reader.readexactly(int(headers.get("content-length", 0)))


@asynccontextmanager
async def connected(port: int, address: str = "127.0.0.1", room: int = 0) -> AsyncIterator[Connection]:
    """Connect; `room` bounds how many bytes the system buffers for a client that does not read."""
    client = socket.socket()
    if room:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.bind((address, 0))
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=client, limit=1024)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def until_idle(traffic: Traffic, under_way: int = 0) -> None:
    while traffic._under_way > under_way:
        await asyncio.sleep(0.01)


def fill(fetch: Fetch, count: int = 400) -> None:
    """Create tasks that make a long list: some kilobytes each."""
    tasks = [{"name": "n" * 200, "processing_time": 1, "metadata": {"x": "y" * 5_000}} for _ in range(count)]
    assert fetch("POST", "/tasks/batch", {"tasks": tasks}).status == 201


def test_streams_are_limited_and_lists_are_no_streams(fetch: Fetch) -> None:
    async def status() -> int:
        async with follow(fetch.port, "/events") as stream:
            return stream.status

    async def work() -> None:
        async with follow(fetch.port, "/events") as one:
            async with follow(fetch.port, "/events"):
                refused = await fetch.later("GET", "/events", headers={"Accept": "text/event-stream"})
                assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "too_many_streams", "10")
                assert (await fetch.later("GET", "/events")).status == 200
            while await status() != 200:
                await asyncio.sleep(0.01)
            assert one.status == 200

    run(fetch, work())


def test_behind_one_address_each_login_has_streams_of_its_own(fetch: Fetch, store: Store, accounts: Accounts) -> None:
    host = {"Host": f"127.0.0.1:{fetch.port}"}
    ada = host | admitted(fetch, store, accounts, Role.VIEWER, "ada").headers()

    async def work() -> None:
        async with follow(fetch.port, "/events", **ada) as first, follow(fetch.port, "/events", **ada) as second:
            async with follow(fetch.port, "/events") as third:
                assert (first.status, second.status, third.status) == (200, 200, 200)
            async with follow(fetch.port, "/events", **ada) as again:
                assert again.status == 429

    run(fetch, work())


def test_where_all_streams_are_taken_one_who_has_none_gets_one_of_who_has_most(fetch: Fetch) -> None:
    async def work() -> None:
        async with (
            follow(fetch.port, "/events", address="127.0.0.2") as first,
            follow(fetch.port, "/events", address="127.0.0.2") as second,
            follow(fetch.port, "/events", address="127.0.0.3") as other,
            follow(fetch.port, "/events", address="127.0.0.4") as late,
        ):
            assert [one.status for one in (first, second, other, late)] == [200] * 4
            await second.message()
            assert await second.message() is None, "it ends in good order, and may come back later"
            async with follow(fetch.port, "/events", address="127.0.0.2") as again:
                assert again.status == 429

    run(fetch, work())


def test_long_polls_are_limited_and_told_when_to_come_back(fetch: Fetch, traffic: Traffic) -> None:
    task_id = fetch.created()
    path = f"/tasks/{task_id}?wait=60"

    async def work() -> None:
        async with connected(fetch.port) as one, connected(fetch.port) as two:
            for connection in (one, two):
                connection.ask(path)
            while traffic._under_way < 2:
                await asyncio.sleep(0.01)
            refused = await fetch.later("GET", path)
            assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "too_many_polls", "2")
            assert (await fetch.later("GET", f"/tasks/{task_id}")).status == 200
            ended = await fetch.later("PATCH", f"/tasks/{task_id}", {"status": 4}, token=REPORTER)
            assert ended.status in (200, 409)
            one.writer.close()
            await until_idle(traffic, 1)
            two.writer.close()
            await until_idle(traffic)

    run(fetch, work())


def test_a_long_poll_that_gives_way_is_answered_as_the_task_stands(fetch: Fetch, traffic: Traffic) -> None:
    task_id = fetch.created()
    path = f"/tasks/{task_id}?wait=60"

    async def work() -> None:
        async with (
            connected(fetch.port, "127.0.0.2") as one,
            connected(fetch.port, "127.0.0.2") as two,
            connected(fetch.port, "127.0.0.3") as three,
            connected(fetch.port, "127.0.0.3") as four,
            connected(fetch.port, "127.0.0.4") as late,
        ):
            for count, connection in enumerate((one, two, three, four), 1):
                connection.ask(path)
                while traffic._under_way < count:
                    await asyncio.sleep(0.01)
            late.ask(path)
            status, _, body = await two.answer()
            assert (status, f'"task_id":"{task_id}"'.encode() in body) == (200, True)
            assert traffic._under_way == 4

    run(fetch, work())


def test_whole_lists_are_limited_and_an_unread_one_gives_its_place_back(
    fetch: Fetch, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(fetch)

    async def work() -> None:
        async with connected(fetch.port, room=4_096) as unread:
            unread.ask("/tasks")
            await unread.reader.readuntil(b"\r\n\r\n")
            for path in ("/tasks", "/events"):
                refused = await fetch.later("GET", path)
                assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "too_many_lists", "5")
            assert (await fetch.later("GET", "/tasks?limit=1")).status == 200
        await until_idle(traffic)
        assert len((await fetch.later("GET", "/tasks")).json()) == 400

    run(fetch, work())


def test_a_reader_that_takes_nothing_is_cut_off_and_costs_little_meanwhile(
    fetch: Fetch, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(fetch)
    made = 0

    def counted(task: Task) -> TaskJson:
        nonlocal made
        made += 1
        return task_json(task)

    monkeypatch.setattr(long_answers, "PATIENCE", 0.3)
    monkeypatch.setattr("waybill_api.handlers.tasks.task_json", counted)

    async def work() -> None:
        async with connected(fetch.port, room=4_096) as unread:
            unread.ask("/tasks")
            await unread.reader.readuntil(b"\r\n\r\n")
            await until_idle(traffic)
        assert made < 400, "no more is encoded than the client reads"

    run(fetch, work())


def test_a_slow_reader_that_goes_on_reading_gets_it_all(
    fetch: Fetch, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(fetch, 200)
    monkeypatch.setattr(long_answers, "PATIENCE", 0.3)
    monkeypatch.setattr(long_answers, "SOME", 1)

    async def work() -> None:
        async with connected(fetch.port, room=16_384) as slow:
            slow.ask("/tasks")
            received = b""
            while not received.endswith(b"\r\n0\r\n\r\n"):
                chunk = await slow.reader.read(8_192)
                assert chunk, "it was cut off"
                received += chunk
                await asyncio.sleep(0.01)
            assert received.count(b'"task_id"') == 200

    run(fetch, work())


def test_one_connection_too_many_takes_the_place_of_the_one_that_is_idle_longest(fetch: Fetch, limits: Limits) -> None:
    async def work() -> None:
        async with connected(fetch.port) as oldest:
            oldest.ask("/healthz")
            assert (await oldest.answer())[0] == 200
            others = [connected(fetch.port) for _ in range(limits.connections)]
            opened = [await one.__aenter__() for one in others]
            assert await oldest.reader.read() == b"", "it was closed"
            for one in opened:
                one.ask("/healthz")
                assert (await one.answer())[0] == 200
            for other in others:
                await other.__aexit__(None, None, None)

    run(fetch, work())


class TestBusy:
    """All connections have a request that lasts."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(connections=2, long_polls=8)

    def test_where_all_connections_are_busy_the_next_one_is_told_to_come_back(
        self, fetch: Fetch, traffic: Traffic
    ) -> None:
        path = f"/tasks/{fetch.created()}?wait=60"

        async def work() -> None:
            async with connected(fetch.port) as one, connected(fetch.port) as two:
                for count, connection in enumerate((one, two), 1):
                    connection.ask(path)
                    while traffic._under_way < count:
                        await asyncio.sleep(0.01)
                async with connected(fetch.port) as late:
                    status, headers, body = await late.answer()
                assert (status, headers["retry-after"]) == (503, "1")
                assert b'"code": "too_many_connections"' in body
            await until_idle(traffic)
            assert (await fetch.later("GET", "/healthz")).status == 200

        run(fetch, work())


class Watched(socket.socket):
    """A listener to which clients come just before it closes."""

    came = 0

    def close(self) -> None:
        for _ in range(3):
            with suppress(TimeoutError):
                socket.create_connection(self.getsockname(), timeout=0.2).close()
                Watched.came += 1
        super().close()


def test_of_those_who_connect_while_the_listener_closes_all_but_one_try_again(
    io_loop: IOLoop, app: Application
) -> None:
    listener = Watched()
    listener.setblocking(False)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)

    async def served_and_stopped() -> None:
        server = PatientServer(app)
        server.add_socket(listener)
        server.stop()

    io_loop.run_sync(served_and_stopped)
    assert Watched.came == 1
