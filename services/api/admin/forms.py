"""Forms that browsers send by themselves, and the cookies that come with the answers to them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.api import problems
from services.api.admin.page import Page
from services.api.admin.sessions import (
    LIFETIME,
    has_xsrf_token,
    is_secure,
    session_cookie,
    xsrf_cookie,
    xsrf_token,
)
from services.api.problems import Refusal

TOO_OLD = "The form was too old. Please try again."


class Form(BaseModel):
    """What comes from a form of ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Annotated[str, Field(alias="_xsrf", max_length=100, exclude=True)] = ""
    """Excluded, since the audit log holds what else a form says."""


class FormPage(Page):
    """A page whose form is sent without a script."""

    def check_token(self, form: Form) -> None:
        """Raise Refusal (403) for a form that no page of this session has sent."""
        if not has_xsrf_token(self.request.headers, form.token):
            raise Refusal(problems.XSRF, TOO_OLD)

    def set_session(self, identity: str) -> None:
        """Give the browser a session, and its pages the token that goes with it."""
        self.keep(session_cookie(self.request.headers), identity, httponly=True)
        self.keep(xsrf_cookie(self.request.headers), xsrf_token(identity))

    def clear_session(self) -> None:
        """Take both away."""
        headers = self.request.headers
        for name in (session_cookie(headers), xsrf_cookie(headers)):
            self.clear_cookie(name, path="/", secure=is_secure(headers), samesite="Lax")

    def keep(self, name: str, value: str, *, httponly: bool = False) -> None:
        """Have the browser keep a cookie for as long as a session may last."""
        self.set_cookie(
            name,
            value,
            path="/",
            max_age=LIFETIME // 1_000,
            secure=is_secure(self.request.headers),
            httponly=httponly,
            samesite="Lax",
        )
