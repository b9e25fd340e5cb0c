"""Forms that browsers send without a script, and the cookies in the answers to them."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from waybill_api import problems
from waybill_api.admin.page import Page
from waybill_api.identity import browsers
from waybill_api.identity.accounts import Entry
from waybill_api.identity.arrival import Arrival, arrival_of
from waybill_api.identity.sessions import (
    LIFETIME,
    browser_cookie,
    has_xsrf_token,
    is_secure,
    session_cookie,
    xsrf_cookie,
    xsrf_token,
)
from waybill_api.problems import Refusal

TOO_OLD = "The form was too old. Please try again."
WAIT_SECONDS = "Too many tries. Wait {count} s, please."
WAIT_MINUTES = "Too many tries. Wait {count} min, please."
MINUTE = 60

PATIENCE = 600.0
"""Seconds after which a form is abandoned; delay, hashing and writing take far less."""

MOMENT = 2.0
"""Seconds that work on a form continues after its client may have left."""

T = TypeVar("T")


class Form(BaseModel):
    """The fields of every form of our pages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Annotated[str, Field(alias="_xsrf", max_length=100, exclude=True)] = ""
    """Excluded from the audit log, which holds the other fields."""


def waiting(refusal: Refusal) -> tuple[str, int]:
    """Return the sentence that says how long to wait, and the number in it."""
    seconds = int(refusal.headers["Retry-After"])
    return (WAIT_SECONDS, seconds) if seconds <= 2 * MINUTE else (WAIT_MINUTES, -(-seconds // MINUTE))


class FormPage(Page):
    """A page whose form is sent without a script."""

    def check_token(self, form: Form) -> None:
        """Raise Refusal (403) unless a page of this session has sent the form."""
        if not has_xsrf_token(self.request.headers, form.token):
            raise Refusal(problems.XSRF, TOO_OLD)

    @property
    def arrival(self) -> Arrival:
        """The place that the form comes from."""
        return arrival_of(self.request.headers, self.request.remote_ip or "", self.services.edge.proxies)

    async def while_there(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of the work; if the client leaves or the server stops before its turn, give up.

        A client that has closed its half of the connection may have left, or may still read the answer: work that takes
        only a moment is answered. Raises Refusal (503).
        """
        task = asyncio.ensure_future(work)
        try:
            await self.wait_for(task, PATIENCE)
            if not self._traffic.is_closing:
                await asyncio.wait({task}, timeout=MOMENT)
        finally:
            task.cancel()
        await asyncio.wait({task})
        if task.cancelled():
            raise Refusal(problems.NOT_READY, "The server stops; try again in a moment.", headers={"Retry-After": "5"})
        return task.result()

    def let_in(self, entry: Entry) -> None:
        """Set the cookies of a session, of its token for the pages, and of the known browser."""
        headers = self.request.headers
        self.keep(session_cookie(headers), entry.session, httponly=True)
        self.keep(xsrf_cookie(headers), xsrf_token(entry.session))
        self.keep(browser_cookie(headers), entry.browser, httponly=True, lifetime=browsers.LIFETIME)

    def clear_session(self) -> None:
        """Delete the cookies of the session and its token."""
        headers = self.request.headers
        for name in (session_cookie(headers), xsrf_cookie(headers)):
            self.clear_cookie(name, path="/", secure=is_secure(headers), samesite="Strict")

    def keep(self, name: str, value: str, *, httponly: bool = False, lifetime: int = LIFETIME) -> None:
        """Set a cookie for `lifetime` milliseconds; the default is the longest time of a session."""
        self.set_cookie(
            name,
            value,
            path="/",
            max_age=lifetime // 1_000,
            secure=is_secure(self.request.headers),
            httponly=httponly,
            samesite="Strict",
        )
