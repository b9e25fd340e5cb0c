"""The client tells "not now" from "no", and sends again only what may be sent twice."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from waybill import trust
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.client.calls import Answer, Calls
from waybill.domain.status import Outcome

Said = tuple[str, str, dict[str, str], Any]
Reply = tuple[int, Any]


class ScriptedServer:
    """Answers each request with the next reply, and remembers what it was asked; a reply of None hangs up."""

    def __init__(self) -> None:
        self.replies: list[Reply | None] = []
        self.said: list[Said] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                script.said.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
                reply = script.replies.pop(0)
                if reply is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, content = reply
                text = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def client(server: ScriptedServer) -> Calls:
    return Calls(server.url, "secret", (3.0, 5.0))


def test_reports_travel_together_and_each_gets_its_answer(server: ScriptedServer, client: Calls) -> None:
    outcomes = [{"task_id": "a", "outcome": "applied", "task": {"name": "x"}}, {"task_id": "b", "outcome": "stale"}]
    server.replies = [(200, {"outcomes": outcomes})]
    assert client.report([{"task_id": "a"}, '{"task_id":"b"}']) == [
        Answer("a", Outcome.APPLIED, {"name": "x"}),
        Answer("b", Outcome.STALE),
    ]
    method, path, headers, body = server.said[0]
    assert (method, path) == ("POST", "/reports")
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Content-Type"] == "application/json"
    assert body == {"reports": [{"task_id": "a"}, {"task_id": "b"}]}


def test_an_outcome_of_a_later_version_is_a_refusal(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(200, {"outcomes": [{"task_id": "a", "outcome": "postponed"}]})]
    assert client.report([{"task_id": "a"}]) == [Answer("a", Outcome.REFUSED)]


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ApiUnreachable):
            Calls(f"http://127.0.0.1:{unused.getsockname()[1]}").task_types()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_unreachable(server: ScriptedServer, client: Calls, status: int) -> None:
    server.replies = [(status, {"code": "internal", "title": "no"})]
    with pytest.raises(ApiUnreachable) as caught:
        client.task_types()
    assert caught.value.status == status


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.report([{"task_id": "a"}]),
        lambda client: client.heartbeat("w", {}),
        lambda client: client.task_types(),
    ],
)
@pytest.mark.parametrize("content", [b"<html>", {}, [], {"outcomes": [{}]}, {"outcomes": []}, {"lost": [1]}, b""])
def test_an_answer_without_sense_is_unreachable(
    server: ScriptedServer, client: Calls, call: Callable[[Calls], Any], content: Any
) -> None:
    server.replies = [(200, content)]
    with contextlib.suppress(ApiUnreachable):
        assert call(client) == []


def test_a_refusal_is_a_problem_with_its_code(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(409, {"code": "worker_gone", "title": "Conflict", "detail": "declared gone"})]
    with pytest.raises(ApiProblem) as caught:
        client.heartbeat("w", {"runs": []})
    assert (caught.value.status, caught.value.code) == (409, "worker_gone")
    assert "declared gone" in str(caught.value)


def test_a_refusal_that_is_not_json_is_a_problem_too(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(404, b"<html>")]
    with pytest.raises(ApiProblem):
        client.task_types()


def test_a_redirect_is_not_followed(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(302, {})]
    with pytest.raises(ApiProblem):
        client.task_types()
    assert len(server.said) == 1


def test_a_dropped_connection_is_tried_once_more(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(200, []), None, (200, [{"name": "sleep"}])]
    assert client.task_types() == []
    assert client.task_types() == [{"name": "sleep"}]


def test_a_connection_dropped_twice_is_unreachable(server: ScriptedServer, client: Calls) -> None:
    server.replies = [None, None]
    with pytest.raises(ApiUnreachable):
        client.task_types()


def test_what_may_not_be_done_twice_is_not_sent_twice(server: ScriptedServer, client: Calls) -> None:
    server.replies = [None, (200, {})]
    with pytest.raises(ApiUnreachable):
        client.retry_task("a")
    assert len(server.said) == 1


def test_a_create_that_is_sent_twice_carries_the_same_key(server: ScriptedServer, client: Calls) -> None:
    server.replies = [None, (201, {"task_id": "a"})]
    assert client.create_task("x", 3, type="sleep") == "a"
    keys = [headers["Idempotency-Key"] for _, _, headers, _ in server.said]
    assert keys[0] == keys[1]
    assert server.said[1][3] == {"name": "x", "processing_time": 3, "type": "sleep"}


def test_the_token_is_read_again_after_a_401(server: ScriptedServer) -> None:
    tokens = ["old", "new", "new"]
    client = Calls(server.url, lambda: tokens.pop(0))
    server.replies = [(401, {"code": "unauthorized"}), (200, []), (200, [])]
    client.task_types()
    client.task_types()
    assert [headers["Authorization"] for _, _, headers, _ in server.said] == ["Bearer old", "Bearer new", "Bearer new"]


def test_a_401_with_the_same_token_is_a_problem(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(401, {"code": "unauthorized"})]
    with pytest.raises(ApiProblem):
        client.task_types()


def test_a_token_that_is_not_there_yet_is_looked_for_at_every_call(server: ScriptedServer) -> None:
    tokens = [None, None, "made"]
    client = Calls(server.url, lambda: tokens.pop(0))
    server.replies = [(401, {}), (200, [])]
    with pytest.raises(ApiProblem):
        client.task_types()
    client.task_types()
    assert "Authorization" not in server.said[0][2]
    assert server.said[1][2]["Authorization"] == "Bearer made"


def test_ids_are_quoted_in_paths(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(200, {"released": 0}), (200, {"task_id": "x"})]
    client.gone("../w?", crashed=True)
    client.get_task("a/b", wait=0)
    assert [path for _, path, _, _ in server.said] == ["/workers/..%2Fw%3F/gone", "/tasks/a%2Fb?wait=0"]
    assert server.said[0][3] == {"crashed": True}


def test_a_create_can_be_repeated_under_a_key_of_the_callers(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(503, {}), (201, {"task_id": "a"})]
    with pytest.raises(ApiUnreachable):
        client.create_task("x", 1, idempotency_key="mine")
    assert client.create_task("x", 1, idempotency_key="mine") == "a"
    assert [headers["Idempotency-Key"] for _, _, headers, _ in server.said] == ["mine", "mine"]
    assert [body for _, _, _, body in server.said] == [{"name": "x", "processing_time": 1}] * 2


def test_events_are_asked_for_by_number(server: ScriptedServer, client: Calls) -> None:
    server.replies = [(200, [{"event_id": 8}])]
    assert client.events(after=7, limit=2) == [{"event_id": 8}]
    assert server.said[0][1] == "/events?after=7&limit=2"


CERTIFICATES = Path(__file__).parent / "certificates"
"""A private authority's, and a server's that it has signed, for 127.0.0.1."""


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def secure_url() -> Iterator[str]:
    """Serve by HTTPS, with a certificate of a private authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def _no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in trust.VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_no_authorities")
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_authority_is_trusted_if_the_environment_names_it(
    secure_url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ApiUnreachable, match="certificate verify failed"):
        Calls(secure_url).task_types()
    monkeypatch.setenv(name, str(CERTIFICATES / "authority.pem"))
    assert Calls(secure_url).task_types() == []


@pytest.mark.usefixtures("_no_authorities")
def test_an_authority_that_is_not_there_is_named(secure_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    client = Calls(secure_url)
    for _ in range(2):
        with pytest.raises(ApiUnreachable, match=r"SSL_CERT_FILE: there is no /nowhere/ca\.pem"):
            client.task_types()


@pytest.mark.usefixtures("_no_authorities")
def test_without_https_no_authority_is_looked_for(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    server.replies = [(200, [])]
    assert Calls(server.url).task_types() == []


@pytest.mark.usefixtures("_no_authorities")
def test_no_proxy_is_used(secure_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))
    assert Calls(secure_url).task_types() == []


@pytest.mark.parametrize("url", ["http://user:hush@host", "host:8000", "ftp://host", "http://host/?a=hush"])
def test_what_is_no_address_of_an_api_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="address of an API") as raised:
        Calls(url)
    assert "hush" not in str(raised.value)
