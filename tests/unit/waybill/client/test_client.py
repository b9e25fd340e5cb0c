"""What the client takes from the environment, and when it tries again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from waybill.api_error import ApiProblem, ApiUnreachable, WrongInstallation
from waybill.client.client import Client
from waybill.client.stream import Message, messages
from waybill.pauses import Pauses


class ScriptedClient(Client):
    """Gets the next answer for each request, and notes the keys of creates."""

    answers: list[tuple[int, bytes] | Exception]
    keys: list[str | None]
    sent: list[requests.Request]

    def _attempt(
        self, request: requests.Request, timeout: tuple[float, float], again: bool, stream: bool = False
    ) -> requests.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, response._content = answer
        return response


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Do not pause, but note for how long."""
    noted: list[float] = []
    monkeypatch.setattr("waybill.pauses.time.sleep", noted.append)
    return noted


def scripted(*answers: tuple[int, bytes] | Exception, **settings: Any) -> ScriptedClient:
    client = ScriptedClient("http://api", **settings)
    client.answers, client.keys, client.sent = list(answers), [], []
    return client


CREATED = (201, b'{"task_id": "a"}')


def test_a_create_is_repeated_under_its_own_key_while_the_api_is_away(pauses: list[float]) -> None:
    client = scripted(ApiUnreachable("cut"), (503, b"{}"), CREATED, CREATED)
    assert client.submit("nap").id == "a"
    assert client.submit("nap").id == "a"
    first, *repeated, other = client.keys
    assert repeated == [first] * 2
    assert other not in (None, first)
    assert [round(one, 1) for one in pauses] == [pytest.approx(0.2, abs=0.1), pytest.approx(0.4, abs=0.15)]


def test_repetitions_are_bounded(pauses: list[float]) -> None:
    client = scripted(*[ApiUnreachable("cut")] * 4, retries=3)
    with pytest.raises(ApiUnreachable):
        client.submit("nap", idempotency_key="mine")
    assert client.keys == ["mine"] * 4
    assert len(pauses) == 3


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda client: client.submit("nap"), ApiProblem(422, "invalid", {})),
        (lambda client: client.submit("nap"), WrongInstallation("http://api", None, "ours")),
        (lambda client: client.retry_task("a"), ApiUnreachable("cut")),
        (lambda client: client.bulk("retry", "status:error"), ApiUnreachable("cut")),
    ],
)
def test_what_was_refused_or_may_not_be_done_twice_is_not_repeated(
    call: Callable[[Client], Any], error: Exception
) -> None:
    client = scripted(error)
    with pytest.raises(type(error)):
        call(client)
    assert len(client.sent) == 1


def test_a_name_is_the_types_and_what_is_not_given_is_not_sent() -> None:
    client = scripted(CREATED, CREATED)
    client.submit("nap")
    client.submit("nap", {"a": None}, name="x", priority=0, metadata={})
    assert [one.data for one in client.sent] == [
        b'{"name": "nap", "type": "nap"}',
        b'{"name": "x", "type": "nap", "input": {"a": null}, "priority": 0, "metadata": {}}',
    ]


def test_address_and_token_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().url == "http://127.0.0.1:8000"
    monkeypatch.setenv("WAYBILL_API_URL", "https://tasks.example/")
    monkeypatch.setenv("WAYBILL_API_TOKEN", "hush")
    assert Client().url == "https://tasks.example"
    assert Client()._read_token() == "hush"
    assert Client("http://other", "mine")._read_token() == "mine"
    with pytest.raises(ValueError, match="address of an API"):
        Client("tasks.example")


def test_proxies_of_the_environment_are_used_but_not_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert Client("https://tasks.example")._session().proxies["https"] == "http://proxy:3128"
    for direct in ("https://inside.example", "http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:1"):
        assert not Client(direct)._session().proxies
    assert Client("http://localhost", proxies={"http": "http://mine"})._session().proxies == {"http": "http://mine"}


def test_verify_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", __file__)
    assert Client("https://api")._session().verify == __file__
    assert Client("https://api", verify=False)._session().verify is False


def test_leaving_it_closes_its_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[requests.Session] = []

    def close(session: requests.Session) -> None:
        closed.append(session)

    monkeypatch.setattr(requests.Session, "close", close)
    with Client() as client:
        session = client._session()
    assert closed == [session]


@pytest.fixture
def chunks() -> Iterator[bytes]:
    text = (
        b'retry: 1000\nid: 5\n\nid: 6\ndata: {"a": "\xd0\x9a"}\n\n: beat\nid: 6\n\nid: 6\nevent: deleted\n'
        b'data: {"task_id":"t"}\n\nid: x\ndata: {}\n\ndata: no json\n\ndata: [1]\n\nid: 7\ndata: {"cut'
    )
    return (text[start : start + 7] for start in range(0, len(text), 7))


def test_messages_are_read_from_chunks_of_any_size(chunks: Iterator[bytes]) -> None:
    assert list(messages(chunks)) == [
        Message(5, "message", None),
        Message(6, "message", {"a": "К"}),
        Message(6, "message", None),
        Message(6, "deleted", {"task_id": "t"}),
        Message(None, "message", None),
    ]


def test_pauses_grow_up_to_a_bound(pauses: list[float]) -> None:
    one = Pauses()
    for _ in range(10):
        one.wait()
    one.wait(most=0.5)
    assert 3.75 <= max(pauses) <= 6.25
    assert 0.15 <= pauses[0] <= 0.25
    assert pauses[-1] == 0.5
