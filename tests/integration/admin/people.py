"""People who use the pages, over HTTP: with a session, its token, and nothing else."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tests.integration.talking import Answer, Fetch
from waybill.domain.account import Role
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.sessions import Sessions, xsrf_token
from waybill_api.store.store import Store

PASSWORD = "correct horse battery"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Person:
    """Somebody who is logged in."""

    def __init__(self, fetch: Fetch, identity: str) -> None:
        self._fetch = fetch
        self.identity = identity

    @property
    def cookie(self) -> str:
        """What the browser sends."""
        return f"waybill-session-{self._fetch.port}={self.identity}"

    def headers(self, token: str | None = "") -> dict[str, str]:
        """Return the headers of a request; the token is that of the session, another one, or none."""
        given = xsrf_token(self.identity) if token == "" else token
        return {"Cookie": self.cookie} | ({} if given is None else {"X-Xsrf-Token": given})

    def __call__(self, method: str, path: str, *body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return self._fetch(method, path, *body, headers=self.headers() | dict(headers or {}))

    def log_out(self) -> Answer:
        """Log out as the page does."""
        form = urlencode({"_xsrf": xsrf_token(self.identity)}).encode()
        return self._fetch("POST", "/admin/logout/", body=form, headers={"Cookie": self.cookie} | FORM)


def admitted(fetch: Fetch, store: Store, accounts: Accounts, role: Role, name: str = "") -> Person:
    """Make an account and return somebody who is logged in with it."""

    async def open_session() -> str:
        account = await accounts.create(name or role.name.lower(), role, PASSWORD)
        return await Sessions(store).open(account)

    return Person(fetch, fetch.run(open_session()))


def log_in(
    fetch: Fetch, username: str, password: str, following: str = "/admin/", headers: Mapping[str, str] | None = None
) -> Answer:
    """Fill in the form and send it, as a browser does."""
    form = fetch("GET", "/admin/login/?" + urlencode({"next": following}), headers=headers)
    assert form.status == 200, form.body
    token = re.search(rb'name="_xsrf" value="([0-9a-f]{64})"', form.body)
    assert token
    fields = {"_xsrf": token[1].decode(), "next": following, "username": username, "password": password}
    cookies = [form.headers["Set-Cookie"].partition(";")[0], *filter(None, [(headers or {}).get("Cookie")])]
    sent = dict(headers or {}) | FORM | {"Cookie": "; ".join(cookies)}
    return fetch("POST", "/admin/login/", body=urlencode(fields).encode(), headers=sent)


def cookies_of(answer: Answer) -> dict[str, str]:
    """Return the cookies that an answer sets, by name, each with its attributes."""
    lines = answer.headers.get_list("Set-Cookie")  # type: ignore[attr-defined]
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines}
