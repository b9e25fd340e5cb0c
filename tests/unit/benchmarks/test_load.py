"""The load clients count what was created, and nothing else."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle
from threading import Lock, Thread

import pytest

from benchmarks import load, wrk
from benchmarks.client import task_body
from benchmarks.load import Load, parse_answer
from throwaway.port import free_port
from throwaway.program import CannotGoOn

# wrk is measured with where it is installed, and tried there.
TIMED: list[Callable[[int, float, int], Load]] = [load.create_for, *([wrk.create_for] if wrk.version() else [])]


class Server(ThreadingHTTPServer):
    """Answers POST /tasks with these statuses in turns, and counts the answers by status."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = Lock()
        self.statuses = cycle(statuses)
        self.ids = count()
        self.answered: list[int] = []
        self.bodies: set[bytes] = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            status = next(self.server.statuses)
            answer = json.dumps({"task_id": str(next(self.server.ids))}).encode()
            self.server.answered.append(status)
            self.server.bodies.add(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server which answers with these statuses in turns."""
    servers: list[Server] = []

    def start(*statuses: int) -> Server:
        servers.append(Server(*statuses))
        Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_as_many_tasks_are_created_as_were_asked_for(serve: Callable[..., Server]) -> None:
    server = serve(201)
    created = load.create_many(server.server_port, 37, 2, 5).check()
    assert len(server.answered) == created.created == len(set(created.task_ids)) == 37
    assert server.bodies == {task_body(2)}
    assert created.seconds > 0


def test_other_answers_are_not_counted_as_created(serve: Callable[..., Server]) -> None:
    server = serve(201, 200, 503)
    found = load.create_many(server.server_port, 30, 0, 3)
    assert (found.created, found.others, len(found.task_ids)) == (10, 20, 10)
    with pytest.raises(CannotGoOn, match="20 of 30"):
        found.check()


@pytest.mark.parametrize("create_for", TIMED)
def test_a_timed_load_counts_the_answers_that_are_201(
    serve: Callable[..., Server], create_for: Callable[[int, float, int], Load]
) -> None:
    server = serve(201, 202)
    found = create_for(server.server_port, 1, 4)
    # Those under way at the end are not waited for by wrk.
    assert 0 <= server.answered.count(201) - found.created <= 4
    assert 0 <= server.answered.count(202) - found.others <= 4
    assert found.created > 0
    assert found.seconds >= 1
    assert server.bodies == {task_body(0)}


@pytest.mark.parametrize("create_for", TIMED)
def test_a_port_where_nobody_listens_is_an_error(create_for: Callable[[int, float, int], Load]) -> None:
    with pytest.raises(CannotGoOn):
        create_for(free_port(), 1, 2)


def test_only_what_tells_of_success_counts(serve: Callable[..., Server]) -> None:
    server = serve(200)
    calls = cycle([load.request(server.server_port, "POST", "/tasks", b"{}")])
    assert load.ask_for(server.server_port, calls, 0.2, 2, b"task_id").check().created > 0
    assert load.ask_for(server.server_port, calls, 0.2, 2, b"outcome").created == 0


def test_an_answer_may_come_in_pieces() -> None:
    whole = b'HTTP/1.1 201 Created\r\nContent-Length: 4\r\nServer: x\r\n\r\n{"a"'
    assert [parse_answer(whole[:end]) for end in (0, 20, len(whole) - 1)] == [None, None, None]
    assert parse_answer(whole) == (201, b'{"a"')
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
    assert [parse_answer(chunked[:end]) for end in (50, len(chunked) - 1)] == [None, None]
    assert parse_answer(chunked) == (200, b"2\r\n[]\r\n0\r\n\r\n")
    assert parse_answer(b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n") == (204, b"")
