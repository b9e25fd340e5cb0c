"""The base of every page: an endpoint that answers with HTML, also for errors, to people who are logged in."""

from typing import Any, cast
from urllib.parse import urlencode

from waybill.domain.account import Session
from waybill_api import problems
from waybill_api.admin.navigation import HOME
from waybill_api.admin.views import language_of, render, theme_of
from waybill_api.http.endpoint import Endpoint
from waybill_api.identity.access import SAFE_METHODS
from waybill_api.identity.sessions import cookie_in
from waybill_api.problems import Refusal

HTML = "text/html; charset=utf-8"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""The Content-Security-Policy of a page: it loads from and sends to this server only, and has nothing inline."""

LOGIN = "/admin/login/"
LANGUAGE_COOKIE = "waybill-language"
THEME_COOKIE = "waybill-theme"


class Page(Endpoint):
    """A page; its methods end with `show`. Templates get `session`, None without a login."""

    @property
    def session(self) -> Session:
        """The session, on pages that need one by the access table."""
        return cast(Session, self.caller.session)

    @property
    def origin(self) -> str:
        """The address of this server, as the reader asks for it: scheme, host and the path of the mount."""
        return f"{self.request.protocol}://{self.request.host}{self._mount.path}"

    async def show(self, template: str, title: str, **values: Any) -> None:
        """Finish with a page; the title and texts of the template are English and shown in the reader's language."""
        has_demo = self.caller.session is not None and await self.accounts.has_demo()
        self._finish(template, title, has_demo=has_demo, **values)

    def go(self, path: str, status: int = 303) -> None:
        """Redirect to another page of this server."""
        self.set_status(status)
        self.set_header("Location", path)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a page about the problem, or redirect to the login."""
        refusal = self._refusal_of(status_code, kwargs.get("exc_info", (None, None, None))[1])
        if refusal.kind == problems.UNAUTHENTICATED:
            asked = self.request.uri if self.request.method in SAFE_METHODS else None
            self.go(f"{LOGIN}?{urlencode({'next': asked or HOME})}")
            self.finish()
            return
        self.set_status(refusal.kind.status)
        for name, value in refusal.headers.items():
            self.set_header(name, value)
        document = refusal.document()
        self._finish("error.html", document["title"], has_demo=False, problem=document)

    def _finish(self, template: str, title: str, **values: Any) -> None:
        headers = self.request.headers
        self.set_header("Content-Type", HTML)
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")
        # With `no-referrer`, browsers would call the origin of our own forms `null`.
        self.set_header("Referrer-Policy", "same-origin")
        page = render(
            template,
            language_of(cookie_in(headers, LANGUAGE_COOKIE), headers.get("Accept-Language")),
            theme=theme_of(cookie_in(headers, THEME_COOKIE)),
            title=title,
            path=self.request.path,
            session=self.caller.session,
            **values,
        )
        self.finish(self._mount.page(page))


class NoPage(Page):
    """The answer to an address without a page."""

    def no_call(self) -> Refusal:
        """Return 404, whatever the method."""
        return Refusal(problems.NOT_FOUND, "There is no such page.")
