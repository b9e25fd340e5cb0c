"""Logins under attack: delayed, never refused for a known browser, and bounded while they wait."""

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.integration.admin.people import FORM, PASSWORD, Person, admitted, cookies_of, log_in
from tests.integration.admin.test_password import change
from tests.integration.talking import Answer, Fetch
from waybill.domain.account import Role
from waybill_api.http.traffic import Traffic
from waybill_api.identity import browsers
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.arrival import Arrival
from waybill_api.identity.passwords import STRANGERS, STRANGERS_OF_ONE, Cost, Passwords
from waybill_api.identity.sessions import Sessions
from waybill_api.problems import Refusal
from waybill_api.store.store import Store

WRONG = "wrong password"
PROXIED = {"X-Forwarded-For": "192.0.2.1"}


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that each login was delayed."""
    return []


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Password hashing at a low cost."""
    passwords = Passwords(Cost(n=16))
    yield passwords
    passwords.close()


@pytest.fixture
def accounts(store: Store, passwords: Passwords, pauses: list[float]) -> Accounts:
    """Accounts of a new installation, with delays that end at once."""

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    return Accounts(store, Sessions(store), passwords, sleep=sleep)


def browser_of(fetch: Fetch, answer: Answer) -> dict[str, str]:
    """Return the cookie by which a browser is known later."""
    name = f"waybill-browser-{fetch.port}"
    return {"Cookie": f"{name}={cookies_of(answer)[name].partition(';')[0]}"}


def test_a_browser_that_has_logged_in_before_always_passes(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    fetch.run(accounts.create("bob", Role.ADMIN, PASSWORD))
    first = log_in(fetch, "ada", PASSWORD)
    attributes = {one.strip() for one in cookies_of(first)[f"waybill-browser-{fetch.port}"].split(";")}
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= attributes
    known = browser_of(fetch, first)
    for number in range(40):
        log_in(fetch, f"guess-{number % 20}", WRONG)
    for _ in range(6):
        log_in(fetch, "ada", WRONG)
    assert log_in(fetch, "ada", PASSWORD).status == 429
    assert log_in(fetch, "bob", PASSWORD, headers=known).status == 429, "it is known to its own account alone"
    assert fetch("GET", "/accounts", headers=known).status == 401, "it is no session"
    again = log_in(fetch, "ada", PASSWORD, headers=known)
    assert again.status == 303
    assert log_in(fetch, "ada", PASSWORD, headers=browser_of(fetch, again)).status == 303
    for _ in range(8):
        assert log_in(fetch, "ada", WRONG, headers=known).status == 401
    assert log_in(fetch, "ada", PASSWORD, headers=known).status == 303, "its own failures slow it down"


def test_a_change_of_the_password_makes_it_a_stranger_but_for_where_it_was_changed(
    fetch: Fetch, store: Store, accounts: Accounts, pauses: list[float]
) -> None:
    ada = admitted(fetch, store, accounts, Role.VIEWER, "ada")
    elsewhere = browser_of(fetch, log_in(fetch, "ada", PASSWORD))
    here = browser_of(fetch, change(fetch, ada, PASSWORD, "a brand new password"))
    for _ in range(6):
        log_in(fetch, "ada", WRONG)
    assert log_in(fetch, "ada", "a brand new password", headers=elsewhere).status == 429
    assert log_in(fetch, "ada", "a brand new password", headers=here).status == 303
    assert pauses == []


def test_behind_a_proxy_the_failures_of_one_lock_nobody_out(
    fetch: Fetch, accounts: Accounts, pauses: list[float]
) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    fetch.run(accounts.create("bob", Role.ADMIN, PASSWORD))
    for _ in range(5):
        assert log_in(fetch, "ada", WRONG, headers=PROXIED).status == 401
    assert pauses == []
    assert log_in(fetch, "bob", PASSWORD, headers=PROXIED).status == 303
    assert pauses == []
    for _ in range(7):
        assert log_in(fetch, "ada", WRONG, headers=PROXIED).status == 401
    assert pauses == [1, 2, 4, 8, 8, 8, 8]
    assert log_in(fetch, "ada", PASSWORD, headers=PROXIED).status == 303


def blocked(monkeypatch: pytest.MonkeyPatch, passwords: Passwords) -> "asyncio.Future[bool]":
    """Have every check last until the future is resolved."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def check(password: str, kept: str | None, **more: bool) -> bool:
        return await asyncio.shield(answer)

    monkeypatch.setattr(passwords, "check", check)
    return answer


def sent_by(fetch: Fetch) -> tuple[dict[str, str], str]:
    """Return the headers and the token of a login form."""
    form = fetch("GET", "/admin/login/")
    token = re.search(rb'name="_xsrf" value="([0-9a-f]{64})"', form.body)
    assert token
    return FORM | {"Cookie": form.headers["Set-Cookie"].partition(";")[0]}, token[1].decode()


@pytest.mark.parametrize(
    ("addresses", "is_shared", "places"), [(1, False, STRANGERS_OF_ONE), (1, True, STRANGERS), (50, False, STRANGERS)]
)
def test_of_150_at_once_a_few_wait_and_the_others_are_refused_at_once(
    fetch: Fetch,
    store: Store,
    passwords: Passwords,
    accounts: Accounts,
    monkeypatch: pytest.MonkeyPatch,
    addresses: int,
    is_shared: bool,
    places: int,
) -> None:
    async def status(name: str, arrival: Arrival) -> int:
        with pytest.raises(Refusal) as refused:
            await accounts.log_in(name, WRONG, arrival)
        return refused.value.kind.status

    async def story() -> None:
        ada = await accounts.create("ada", Role.ADMIN, PASSWORD)
        known = browsers.remembering(None, ada, store.clock.now())
        answer = blocked(monkeypatch, passwords)
        waiting = {
            asyncio.ensure_future(status(f"guess-{number}", Arrival(f"192.0.2.{number % addresses}", is_shared)))
            for number in range(150)
        }
        refused: set[asyncio.Future[int]] = set()
        while len(refused) < 150 - places:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=60)
            assert done
            refused |= done
        assert {one.result() for one in refused} == {429}
        assert passwords.strangers.taken == len(waiting) == places
        # Whom the server knows does not stand in that queue.
        friend = asyncio.ensure_future(status("ada", Arrival("192.0.2.0", is_shared, known)))
        while not passwords.friends.taken:
            await asyncio.sleep(0.01)
        answer.set_result(False)
        assert set(await asyncio.gather(friend, *waiting)) == {401}
        assert passwords.strangers.taken == passwords.friends.taken == 0

    fetch.run(story())


def form_of(fetch: Fetch, name: str, password: str) -> bytes:
    """Return a login form as it is sent."""
    headers, token = sent_by(fetch)
    body = urlencode({"_xsrf": token, "username": name, "password": password})
    lines = {"Host": f"127.0.0.1:{fetch.port}", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /admin/login/ HTTP/1.1\r\n{head}\r\n{body}".encode()


def test_what_its_client_has_left_waits_no_more(
    fetch: Fetch, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = form_of(fetch, "ada", WRONG)

    async def story() -> None:
        blocked(monkeypatch, passwords)
        _, writer = await asyncio.open_connection("127.0.0.1", fetch.port)
        writer.write(request)
        while not passwords.strangers.taken:
            await asyncio.sleep(0.01)
        writer.close()
        while passwords.strangers.taken:
            await asyncio.sleep(0.01)

    fetch.run(asyncio.wait_for(story(), 60))


def test_who_has_only_closed_its_own_half_of_the_connection_is_logged_in(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    request = form_of(fetch, "ada", PASSWORD)

    async def story() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", fetch.port)
        writer.write(request)
        writer.write_eof()
        answer = await reader.readuntil(b"\r\n")
        writer.close()
        return answer

    assert fetch.run(asyncio.wait_for(story(), 60)).split()[1] == b"303"


def test_a_login_that_is_held_ends_with_the_server(
    fetch: Fetch, passwords: Passwords, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, token = sent_by(fetch)
    body = urlencode({"_xsrf": token, "username": "ada", "password": WRONG}).encode()

    async def story() -> Answer:
        blocked(monkeypatch, passwords)
        answer = asyncio.ensure_future(fetch.later("POST", "/admin/login/", body=body, headers=headers))
        while not passwords.strangers.taken:
            await asyncio.sleep(0.01)
        traffic.close()
        return await answer

    answer = fetch.run(story())
    assert answer.status == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_from_elsewhere_leads_on_once_this_site_leads_there(
    fetch: Fetch, store: Store, accounts: Accounts, site: str
) -> None:
    ada = admitted(fetch, store, accounts, Role.VIEWER, "ada")
    from_elsewhere = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    # The browser keeps the cookie back as long as the other site leads.
    first = fetch("GET", "/admin/failures/?type=a%26b", headers=from_elsewhere)
    assert first.status == 303
    page = fetch("GET", first.headers["Location"], headers=from_elsewhere)
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.body.decode())
    assert found
    again = found[1].replace("&amp;", "&")
    assert again.startswith("/admin/login/?")
    led = Person(fetch, ada.identity)("GET", again, headers=from_elsewhere | {"Sec-Fetch-Site": "same-origin"})
    assert (led.status, led.headers["Location"]) == (303, "/admin/failures/?type=a%26b")
    stranger = fetch("GET", again, headers=from_elsewhere)
    assert b'name="username"' in stranger.body, "it is not asked for ever again"
