"""A token is sent only to its own installation, never to another program at the same address."""

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from waybill import installation
from waybill.api_error import ApiUnreachable, WrongInstallation
from waybill.client.calls import Calls
from waybill.delivery.outage import Outage
from waybill.host.world import World
from waybill.installation import HEADER, NoInstallation

OURS, THEIRS = installation.new_id(), installation.new_id()


class Api:
    """A server that sends its id, and records the requests it gets."""

    def __init__(self, identity: str | None, port: int = 0) -> None:
        self.identity = identity
        self.tokens: list[str | None] = []
        self.asked: list[str] = []
        self.hangs_up_after: int | None = None
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                api.asked.append(self.path)
                api.tokens.append(self.headers.get("Authorization"))
                self.send_response(200)
                if api.identity is not None:
                    self.send_header(HEADER, api.identity)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"[]")
                self.close_connection = len(api.asked) == api.hangs_up_after

            do_GET = do_POST = answer  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    """The API that the token belongs to."""
    api = Api(OURS)
    yield api
    api.close()


def client(api: Api, expected: str | None = OURS) -> Calls:
    return Calls(api.url, "token", installation=lambda: expected)


def test_the_installation_is_asked_once_for_each_connection_and_without_the_token(api: Api) -> None:
    ours = client(api)
    ours.task_types()
    ours.task_types()
    assert api.asked == ["/healthz", "/task-types", "/task-types"]
    assert api.tokens == [None, "Bearer token", "Bearer token"]


@pytest.mark.parametrize(
    ("identity", "who"), [(THEIRS, "another installation"), (None, "not Waybill")], ids=["theirs", "none"]
)
def test_another_one_gets_no_token_and_is_named_with_what_helps(api: Api, identity: str | None, who: str) -> None:
    api.identity = identity
    with pytest.raises(WrongInstallation, match=who) as wrong:
        client(api).task_types()
    (line,) = str(wrong.value).splitlines()
    for named in (api.url, "WAYBILL_PORT", "WAYBILL_API_URL"):
        assert named in line
    assert api.tokens == [None]
    assert isinstance(wrong.value, ApiUnreachable), "the same call may succeed later"


@pytest.mark.parametrize("identity", [OURS, THEIRS, None], ids=["ours", "theirs", "none"])
def test_without_anything_to_compare_the_token_is_sent(api: Api, identity: str | None) -> None:
    api.identity = identity
    client(api, expected=None).task_types()
    assert api.tokens == ["Bearer token"]


def test_who_takes_the_place_of_the_api_between_two_calls_gets_no_token(api: Api) -> None:
    ours = client(api)
    api.hangs_up_after = 2
    ours.task_types()
    api.identity = THEIRS
    for _ in range(2):
        with pytest.raises(WrongInstallation):
            ours.task_types()
    assert api.tokens == [None, "Bearer token", None, None]
    api.identity = OURS
    ours.task_types()
    assert api.tokens[-2:] == [None, "Bearer token"]


def test_a_call_without_a_token_asks_nothing(api: Api) -> None:
    Calls(api.url, installation=lambda: OURS).task_types()
    assert api.asked == ["/task-types"]


def test_a_file_without_an_id_is_nothing_to_compare_with(tmp_path: Path) -> None:
    file = tmp_path / "installation"
    assert installation.known(file) is installation.read(file) is None
    file.write_text("\n")
    assert installation.known(file) is None
    with pytest.raises(NoInstallation):
        installation.read(file)
    installation.write(file, OURS)
    assert installation.known(file) == installation.read(file) == OURS
    assert [path.name for path in tmp_path.iterdir()] == ["installation"]


def test_a_wrong_installation_is_a_warning_at_once_and_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage = Outage("http://here", World(monotonic=lambda: 0.0))
    error = WrongInstallation("http://here", THEIRS, OURS)
    for _ in range(3):
        outage.began(error)
    assert [(record.levelname, record.message) for record in caplog.records] == [("WARNING", f"{error}; retrying")]
