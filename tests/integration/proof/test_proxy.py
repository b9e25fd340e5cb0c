"""The fault proxy does to requests exactly what it says, and nothing while no fault lasts."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from proof import proxy
from proof.plan import FaultKind
from proof.proxy import Proxy
from tests.acceptance.instance import wait_until

ANSWER = b"x" * 1_000


class Upstream:
    """A tiny server that remembers the bodies it was sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                upstream.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(201)
                self.send_header("Content-Length", str(len(ANSWER)))
                self.send_header("X-Token", self.headers.get("Authorization", ""))
                self.end_headers()
                self.wfile.write(ANSWER)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = ("127.0.0.1", self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()


@pytest.fixture
def between(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Return a proxy that does harm to every request while a fault lasts."""
    monkeypatch.setattr(proxy, "SHARE", 1.0)
    monkeypatch.setattr(proxy, "LATENCY", (0.3, 0.3))
    with Proxy(upstream.address, seed=1) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def post(session: requests.Session, between: Proxy) -> requests.Response:
    return session.post(f"{between.url}/path", b"said", headers={"Authorization": "Bearer t"}, timeout=10)


def test_without_a_fault_requests_and_answers_pass_unchanged(
    upstream: Upstream, between: Proxy, session: requests.Session
) -> None:
    for _ in range(3):
        answer = post(session, between)
        assert (answer.status_code, answer.content, answer.headers["X-Token"]) == (201, ANSWER, "Bearer t")
    assert upstream.bodies == [b"said"] * 3
    assert not between.harm


def test_a_reset_comes_before_the_request_is_passed_on(
    upstream: Upstream, between: Proxy, session: requests.Session
) -> None:
    between.begin(FaultKind.RESET)
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(session, between)
    assert upstream.bodies == []
    assert between.harm == {FaultKind.RESET: 1}


def test_a_lost_answer_is_one_to_a_request_that_was_passed_on(
    upstream: Upstream, between: Proxy, session: requests.Session
) -> None:
    between.begin(FaultKind.LOST_ANSWER)
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(session, between)
    assert upstream.bodies == [b"said"]


def test_a_cut_answer_ends_in_the_middle(upstream: Upstream, between: Proxy, session: requests.Session) -> None:
    between.begin(FaultKind.CUT_ANSWER)
    with pytest.raises(requests.RequestException):
        post(session, between)
    assert upstream.bodies == [b"said"]


@pytest.mark.parametrize("delay", [0.0, 3.0], ids=["before the request", "after the answer"])
def test_a_doubled_request_is_passed_on_twice_and_answered_once(
    upstream: Upstream, between: Proxy, session: requests.Session, monkeypatch: pytest.MonkeyPatch, delay: float
) -> None:
    monkeypatch.setattr(proxy, "ECHO", (delay, max(delay, 1.0)))
    monkeypatch.setattr(between, "_between", lambda low, high: low)
    between.begin(FaultKind.DOUBLED)
    assert post(session, between).content == ANSWER
    assert len(upstream.bodies) == (1 if delay else 2)
    wait_until(lambda: upstream.bodies == [b"said"] * 2, "the second copy")


def test_latency_delays_and_changes_nothing(upstream: Upstream, between: Proxy, session: requests.Session) -> None:
    between.begin(FaultKind.LATENCY)
    answer = post(session, between)
    assert answer.content == ANSWER
    assert answer.elapsed.total_seconds() >= 0.3


def test_while_the_wire_is_cut_nothing_is_passed_on(
    upstream: Upstream, between: Proxy, session: requests.Session
) -> None:
    between.is_cut = True
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(session, between)
    assert upstream.bodies == []
    between.is_cut = False
    assert post(session, between).status_code == 201


def test_after_its_end_a_fault_does_no_more_harm(between: Proxy, session: requests.Session) -> None:
    between.begin(FaultKind.RESET)
    between.end(FaultKind.RESET)
    between.end(FaultKind.RESET)
    assert post(session, between).status_code == 201


def test_about_half_of_the_requests_are_harmed(
    between: Proxy, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "SHARE", 0.5)
    monkeypatch.setattr(proxy, "ECHO", (0.0, 0.0))
    between.begin(FaultKind.DOUBLED)
    for _ in range(100):
        post(session, between)
    assert 25 <= between.harm[FaultKind.DOUBLED] <= 75


def test_an_api_that_is_down_looks_like_a_reset(session: requests.Session) -> None:
    with Proxy(("127.0.0.1", 1), seed=1) as alone, pytest.raises(requests.ConnectionError):
        post(session, alone)


def test_a_kill_is_no_fault_of_the_wire(between: Proxy) -> None:
    with pytest.raises(ValueError, match="kill api"):
        between.begin(FaultKind.KILL_API)
