"""Cookies on a server that other machines reach by its name."""

import pytest

from tests.integration.admin.people import PASSWORD, cookies_of, log_in
from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill.domain.account import Role
from waybill_api.identity.access import Access, Scope
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.sessions import Sessions
from waybill_api.store.store import Store

HOST = {"Host": "waybill.example"}


@pytest.fixture
def access(store: Store) -> Access:
    """Who may call what, by a name that is not this machine's own."""
    tokens = {Scope.REPORTER: REPORTER, Scope.ADMIN: ADMIN}
    return Access(tokens, hosts=[HOST["Host"]], sessions=Sessions(store))


def test_they_are_bound_to_the_host_and_go_encrypted_only(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    given = cookies_of(log_in(fetch, "ada", PASSWORD, headers=HOST))
    assert set(given) == {"__Host-waybill-session", "__Host-waybill-xsrf", "__Host-waybill-browser"}
    for cookie in given.values():
        attributes = {one.strip() for one in cookie.split(";")[1:]}
        assert {"Secure", "Path=/", "SameSite=Strict"} <= attributes
        assert not any(one.startswith("Domain") for one in attributes)
    identity = given["__Host-waybill-session"].partition(";")[0]
    for name, status in (("__Host-waybill-session", 200), ("waybill-session", 401), ("waybill-session-80", 401)):
        assert fetch("GET", "/accounts", headers=HOST | {"Cookie": f"{name}={identity}"}).status == status


def test_who_comes_by_plain_http_is_told_why_a_login_cannot_last(fetch: Fetch) -> None:
    plain, unsure = b"The browser will not keep a login", b"A proxy stands before this server"

    def said(**headers: str) -> tuple[bool, bool]:
        page = fetch("GET", "/admin/login/", headers=headers).body
        return plain in page, unsure in page

    assert said() == (False, False)
    # To the server it comes from this machine, as from a proxy.
    assert said(**HOST) == (False, True)
    assert said(**HOST, **{"X-Forwarded-Proto": "http"}) == (True, False)
    assert said(**HOST, **{"X-Forwarded-Proto": "https"}) == (False, False)
    assert said(**HOST, **{"Sec-Fetch-Site": "none"}) == (False, False)
