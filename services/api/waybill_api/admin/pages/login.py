"""Logging in and out."""

import re
import secrets
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field, SecretStr

from waybill.domain.names import CONTROL_CHARACTERS
from waybill_api import problems
from waybill_api.admin.forms import TOO_OLD, Form, FormPage, waiting
from waybill_api.admin.navigation import HOME
from waybill_api.admin.page import LOGIN
from waybill_api.http.operation import call
from waybill_api.identity.arrival import doubt_of
from waybill_api.identity.sessions import cookie_in, is_same, xsrf_cookie
from waybill_api.problems import TOO_MANY, UNAUTHENTICATED, Refusal

LONGEST_NEXT = 2_000
TOKEN = re.compile("[0-9a-f]{64}")


OTHER_SITES = ("cross-site", "same-site")


class Login(Form):
    """The fields of the login; `next` is the address to go to then."""

    username: Annotated[str, Field(max_length=64)] = ""
    password: Annotated[SecretStr, Field(max_length=1_024)] = SecretStr("")
    next: Annotated[str, Field(max_length=LONGEST_NEXT)] = HOME


class LoginPage(FormPage):
    """The login."""

    @call("login_page")
    async def get(self, next: str = HOME, again: bool = False) -> None:
        """Show the form, or redirect if the browser is logged in; `again` means that this page redirected here."""
        where = safe_next(next)
        if self.caller.session is not None:
            self.go(where)
        elif not again and is_link_from_elsewhere(self.request.headers):
            query = urlencode({"next": where, "again": "true"})
            await self.show("again.html", "Log in", address=f"{LOGIN}?{query}")
        else:
            await self._ask(where)

    @call("log_in", is_form=True)
    async def post(self, body: Login) -> None:
        """Open a session, and redirect to `next`."""
        where = safe_next(body.next)
        if not is_same(body.token, cookie_in(self.request.headers, xsrf_cookie(self.request.headers)) or " "):
            self.set_status(problems.XSRF.status)
            await self._ask(where, body.username, TOO_OLD)
            return
        password = body.password.get_secret_value()
        try:
            entry = await self.while_there(self.accounts.log_in(body.username, password, self.arrival))
        except Refusal as refusal:
            if refusal.kind == UNAUTHENTICATED:
                await self.record(body.username, "log_in", LOGIN, "failed")
            self.set_status(refusal.kind.status)
            for name, value in refusal.headers.items():
                self.set_header(name, value)
            if refusal.kind == TOO_MANY:
                sentence, count = waiting(refusal)
                await self._ask(where, body.username, sentence, count=count)
            else:
                await self._ask(where, body.username, refusal.detail)
            return
        await self.record(body.username, "log_in", LOGIN, "done")
        self.let_in(entry)
        self.go(where)

    async def _ask(self, where: str, username: str = "", error: str | None = None, **parts: object) -> None:
        # An existing token stays, so that all open forms remain valid.
        token = cookie_in(self.request.headers, xsrf_cookie(self.request.headers)) or ""
        if not TOKEN.fullmatch(token):
            token = secrets.token_hex()
        self.keep(xsrf_cookie(self.request.headers), token)
        doubt = doubt_of(self.request.headers, self.request.protocol, self.request.remote_ip or "")
        await self.show(
            "login.html",
            "Log in",
            next=where,
            username=username,
            error=error,
            parts=parts,
            token=token,
            doubt=doubt,
        )


class LogoutPage(FormPage):
    """The logout."""

    @call("log_out", is_form=True)
    async def post(self, body: Form) -> None:
        """End the session, and redirect to the login."""
        self.check_token(body)
        await self.accounts.log_out(self.session)
        self.clear_session()
        self.set_header("Clear-Site-Data", '"cache"')
        self.go(LOGIN)


def is_link_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Return whether a link of another site led here: browsers then withhold the cookies of a session.

    They send them after a redirect by a page of this server.
    """
    return headers.get("Sec-Fetch-Site") in OTHER_SITES and headers.get("Sec-Fetch-Dest") == "document"


def safe_next(path: str) -> str:
    r"""Return the path if it can only lead to a page of this server, otherwise that of the first page.

    Browsers take `//host` and `/\\host` for another server, and leave tabs and line breaks out.
    """
    is_ours = path.startswith("/") and path[1:2] not in ("/", "\\") and len(path) <= LONGEST_NEXT
    if not is_ours or CONTROL_CHARACTERS.search(path):
        return HOME
    return path
