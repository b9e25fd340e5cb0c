"""Logging in and out."""

import re
import secrets
from typing import Annotated

from pydantic import Field, SecretStr

from services.api import problems
from services.api.admin.forms import TOO_OLD, Form, FormPage
from services.api.admin.navigation import HOME
from services.api.admin.page import LOGIN
from services.api.admin.sessions import cookie_in, is_same, is_secure, xsrf_cookie
from services.api.operation import call
from services.api.problems import UNAUTHENTICATED, Refusal
from shared.wire.fields import CONTROL_CHARACTERS

LONGEST_NEXT = 2_000
TOKEN = re.compile("[0-9a-f]{64}")


class Login(Form):
    """Who wants to log in; `next` is where to go then."""

    username: Annotated[str, Field(max_length=64)] = ""
    password: Annotated[SecretStr, Field(max_length=1_024)] = SecretStr("")
    next: Annotated[str, Field(max_length=LONGEST_NEXT)] = HOME


class LoginPage(FormPage):
    """The login."""

    @call("login_page")
    async def get(self, next: str = HOME) -> None:
        """Ask for name and password, or lead on where somebody is logged in."""
        where = safe_next(next)
        if self.caller.session is not None:
            self.go(where)
        else:
            await self._ask(where)

    @call("log_in", is_form=True)
    async def post(self, body: Login) -> None:
        """Open a session, and lead on."""
        where = safe_next(body.next)
        if not is_same(body.token, cookie_in(self.request.headers, xsrf_cookie(self.request.headers)) or " "):
            self.set_status(problems.XSRF.status)
            await self._ask(where, body.username, TOO_OLD)
            return
        address = self.request.remote_ip or ""
        try:
            identity = await self.accounts.log_in(body.username, body.password.get_secret_value(), address)
        except Refusal as refusal:
            if refusal.kind == UNAUTHENTICATED:
                await self.record(body.username, "log_in", LOGIN, "failed")
            self.set_status(refusal.kind.status)
            wait = refusal.headers.get("Retry-After")
            if wait is None:
                await self._ask(where, body.username, refusal.detail)
            else:
                self.set_header("Retry-After", wait)
                minutes = -(-int(wait) // 60)
                await self._ask(where, body.username, "Too many tries. Wait {minutes} min, please.", minutes=minutes)
            return
        await self.record(body.username, "log_in", LOGIN, "done")
        self.set_session(identity)
        self.go(where)

    async def _ask(self, where: str, username: str = "", error: str | None = None, **parts: object) -> None:
        # One that is there stays, so that several open forms are all good.
        token = cookie_in(self.request.headers, xsrf_cookie(self.request.headers)) or ""
        if not TOKEN.fullmatch(token):
            token = secrets.token_hex()
        self.keep(xsrf_cookie(self.request.headers), token)
        is_kept = not is_secure(self.request.headers) or self.request.protocol == "https"
        await self.show(
            "login.html",
            "Log in",
            next=where,
            username=username,
            error=error,
            parts=parts,
            token=token,
            is_kept=is_kept,
        )


class LogoutPage(FormPage):
    """The end of a session."""

    @call("log_out", is_form=True)
    async def post(self, body: Form) -> None:
        """End the session, and lead to the login."""
        self.check_token(body)
        await self.accounts.log_out(self.session)
        self.clear_session()
        self.set_header("Clear-Site-Data", '"cache"')
        self.go(LOGIN)


def safe_next(path: str) -> str:
    r"""Return the path where it can only lead to a page of this server, else the first page.

    Browsers take `//host` and `/\\host` for another server, and leave tabs and line breaks out.
    """
    is_ours = path.startswith("/") and path[1:2] not in ("/", "\\") and len(path) <= LONGEST_NEXT
    if not is_ours or CONTROL_CHARACTERS.search(path):
        return HOME
    return path
