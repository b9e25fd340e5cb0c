"""The page on which people change their own password."""

from pydantic import SecretStr

from waybill.domain.errors import Invalid
from waybill.wire.accounts import LONGEST, SHORTEST
from waybill_api.admin.forms import Form, FormPage, waiting
from waybill_api.http.operation import call
from waybill_api.identity.sessions import identity_in, xsrf_token
from waybill_api.problems import INVALID, NOT_READY, TOO_MANY, UNAUTHENTICATED, ProblemKind, Refusal

PASSWORD = "/admin/password/"  # noqa: S105 - an address

TOO_SHORT = "Eight characters or more."
TOO_LONG = "At most {most} characters."
DIFFERENT = "This is not what stands above."


class NewPassword(Form):
    """The old password, and the new one twice; the page shows what is wrong with them."""

    old: SecretStr = SecretStr("")
    new: SecretStr = SecretStr("")
    again: SecretStr = SecretStr("")


class PasswordPage(FormPage):
    """The password of the account that is logged in."""

    @call("password_page")
    async def get(self, changed: bool = False) -> None:
        """Ask for the old password and the new one; `changed` says that the change is done."""
        await self._ask(changed=changed)

    @call("change_password", is_form=True)
    async def post(self, body: NewPassword) -> None:
        """Change the password, end every other session of the account, and go on with a fresh one."""
        self.check_token(body)
        old, new, again = (one.get_secret_value() for one in (body.old, body.new, body.again))
        try:
            check(new, again)
            entry = await self.while_there(self.accounts.change_own(self.session, old, new, self.arrival))
        except Invalid as error:
            await self._complain(INVALID, "again" if error.pointer == "/again" else "new", str(error))
        except Refusal as refusal:
            if refusal.kind in (UNAUTHENTICATED, NOT_READY):
                raise
            await self._refuse(refusal)
        else:
            self.let_in(entry)
            self.go(f"{PASSWORD}?changed=true")

    async def _refuse(self, refusal: Refusal) -> None:
        """Show the form again with what is wrong about the old password."""
        if refusal.kind != TOO_MANY:
            await self._complain(refusal.kind, "old", refusal.detail)
            return
        self.set_header("Retry-After", refusal.headers["Retry-After"])
        await self._complain(refusal.kind, "old", *waiting(refusal))

    async def _complain(self, kind: ProblemKind, field: str, complaint: str, count: int = 0) -> None:
        """Show the form again, empty, with what is wrong with one of its fields."""
        self.set_status(kind.status)
        self.outcome = kind.code
        await self._ask(wrong=field, complaint=complaint, parts={"count": count, "most": LONGEST})

    async def _ask(self, **values: object) -> None:
        empty: dict[str, object] = {"changed": False, "wrong": None, "complaint": "", "parts": {}}
        await self.show(
            "password.html",
            "Change your password",
            token=xsrf_token(identity_in(self.request.headers) or ""),
            shortest=SHORTEST,
            longest=LONGEST,
            **(empty | values),
        )


def check(new: str, again: str) -> None:
    """Raise Invalid for a password that is not allowed, or if the two new ones differ."""
    if len(new) < SHORTEST:
        raise Invalid(TOO_SHORT, "/new")
    if len(new) > LONGEST:
        raise Invalid(TOO_LONG, "/new")
    if new != again:
        raise Invalid(DIFFERENT, "/again")
