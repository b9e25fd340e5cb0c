"""Behind trusted proxies each client has its own address, scheme and host; other clients cannot invent theirs."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

import pytest

from tests.integration.admin.people import PASSWORD, admitted, cookies_of, log_in
from tests.integration.following import follow
from tests.integration.talking import ADMIN, Answer, Fetch
from waybill.domain.account import Role
from waybill_api.edge.edge import Edge
from waybill_api.edge.proxies import Proxies
from waybill_api.identity.accounts import Accounts
from waybill_api.limits import Limits
from waybill_api.store.store import Store

WRONG = "wrong password"
MALLORY = {"X-Forwarded-For": "203.0.113.66"}
ADA = {"X-Forwarded-For": "203.0.113.1"}
DOUBTS = (b"will not keep a login", b"no login lasts")


@pytest.fixture
def trusted() -> list[str]:
    """The setting."""
    return ["127.0.0.0/8"]


@pytest.fixture
def edge(trusted: list[str]) -> Edge:
    """The requests of the tests come from a proxy."""
    return Edge(Proxies(trusted))


@pytest.fixture
def limits() -> Limits:
    """Few creates and streams for each address."""
    return Limits(creates_per_minute=2, streams_per_client=1)


def addresses(fetch: Fetch) -> list[str]:
    return [deed["address"] for deed in fetch("GET", "/audit", token=ADMIN).json()]


def create(fetch: Fetch, headers: Mapping[str, str]) -> Answer:
    return fetch("POST", "/tasks", {"name": "a", "processing_time": 1}, headers=headers)


def test_five_bad_logins_from_one_address_lock_out_no_other(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    for _ in range(5):
        assert log_in(fetch, "ada", WRONG, headers=MALLORY).status == 401
    assert log_in(fetch, "ada", PASSWORD, headers=MALLORY).status == 429
    forged = {"X-Forwarded-For": f"{ADA['X-Forwarded-For']}, {MALLORY['X-Forwarded-For']}"}
    assert log_in(fetch, "ada", PASSWORD, headers=forged).status == 429
    assert log_in(fetch, "ada", PASSWORD, headers=ADA).status == 303
    assert set(addresses(fetch)) == {"203.0.113.66", "203.0.113.1"}


def test_clients_that_the_proxy_does_not_name_are_delayed_and_not_refused(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    for _ in range(5):
        assert log_in(fetch, "ada", WRONG).status == 401
    assert log_in(fetch, "ada", PASSWORD).status == 303


def test_creates_are_counted_by_client(fetch: Fetch) -> None:
    assert [create(fetch, MALLORY).status for _ in range(3)] == [201, 201, 429]
    assert create(fetch, ADA).status == 201


def test_streams_are_counted_by_client(fetch: Fetch) -> None:
    async def statuses() -> list[int]:
        async with AsyncExitStack() as stack:
            asked = [
                await stack.enter_async_context(follow(fetch.port, "/events", X_Forwarded_For=address))
                for address in ("203.0.113.66", "203.0.113.66", "203.0.113.1")
            ]
            return [stream.status for stream in asked]

    assert fetch.run(statuses()) == [200, 429, 200]


@pytest.mark.parametrize("trusted", [["10.0.0.0/8"]])
def test_of_another_peer_no_header_counts(fetch: Fetch, accounts: Accounts) -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "waybill.example",
        "X-Real-IP": "203.0.113.1",
        "Forwarded": "for=203.0.113.1;proto=https;host=waybill.example",
    }
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    for _ in range(5):
        assert log_in(fetch, "ada", WRONG, headers=forged).status == 401
    assert log_in(fetch, "ada", PASSWORD, headers=forged).status == 429
    assert set(addresses(fetch)) == {"127.0.0.1"}
    assert "Secure" not in fetch("GET", "/admin/login/", headers=forged).headers["Set-Cookie"]


def test_over_https_cookies_are_secure_and_the_login_has_no_doubt(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    tls = {"X-Forwarded-Proto": "https"}
    named = tls | {"X-Forwarded-Host": "localhost"}
    for headers in (ADA | tls, ADA | named, {"Forwarded": "for=203.0.113.1;proto=https"}):
        page = fetch("GET", "/admin/login/", headers=headers)
        assert page.status == 200
        assert not any(doubt in page.body for doubt in DOUBTS)
        assert "; Secure" in page.headers["Set-Cookie"]
    entered = log_in(fetch, "ada", PASSWORD, headers=ADA | tls)
    assert entered.status == 303
    assert len(cookies_of(entered)) == 3
    assert all("Secure" in cookie for cookie in cookies_of(entered).values())
    plain = fetch("GET", "/admin/login/", headers=ADA | {"X-Forwarded-Proto": "http"})
    assert "Secure" not in plain.headers["Set-Cookie"]


def test_the_forwarded_host_is_held_against_the_known_ones(fetch: Fetch) -> None:
    assert fetch("GET", "/tasks", headers={"X-Forwarded-Host": "evil.example"}).status == 421
    assert fetch("GET", "/tasks", headers={"X-Forwarded-Host": "localhost:8443"}).status == 200
    assert fetch("GET", "/tasks", headers={"Host": "upstream", "X-Forwarded-Host": "localhost"}).status == 200
    # What is no host leaves the header Host as it is.
    for nonsense in ("", "a b", "localhost/x", "evil.example:port", "evil@localhost", "\\", "[::1"):
        assert fetch("GET", "/tasks", headers={"X-Forwarded-Host": nonsense}).status == 200


def test_commands_on_pages_name_the_clients_scheme_and_host(fetch: Fetch, store: Store, accounts: Accounts) -> None:
    ada = admitted(fetch, store, accounts, Role.VIEWER)
    seen = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": f"localhost:{fetch.port}"}
    page = ada("GET", f"/admin/tasks/task/{fetch.created()}/", headers=seen)
    assert f"curl https://localhost:{fetch.port}/tasks/".encode() in page.body


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": ", ".join(["198.51.100.7"] * 1_000)},
        {"X-Forwarded-For": "," * 5_000},
        {"X-Forwarded-For": "[fe80::1%25eth0]:99999999, \"'"},
        {"X-Forwarded-Proto": "https, " * 1_000},
        {"X-Forwarded-Host": "a" * 5_000},
        {"Forwarded": ";" * 5_000},
        {"Forwarded": 'for="' + "\\" * 5_000},
        {"Forwarded": "for=[;=,proto==;host=\t"},
        {"X-Forwarded-For": "\u0661.\u0662.3.4".encode().decode("latin-1")},
    ],
)
def test_no_header_breaks_a_request(fetch: Fetch, headers: dict[str, str]) -> None:
    assert fetch("GET", "/tasks", headers=headers).status in (200, 421)
    assert fetch("GET", "/admin/login/", headers=headers).status in (200, 421)
