"""Making an account from the command line."""

from pydantic import ValidationError

from waybill.client.calls import Calls
from waybill.settings import Settings
from waybill.wire.accounts import CreateAccount, RoleName, role_of
from waybill_api.commands.command_audit import note
from waybill_api.commands.installation import reach
from waybill_api.http.complaints import detail_of
from waybill_api.identity.accounts import DEMO, Accounts
from waybill_api.identity.strength import weakness_of
from waybill_api.store.store import Store


class BadAccount(Exception):
    """The name or the password is invalid, or can be guessed; the message is one line."""


def create(name: str, role: RoleName, password: str, settings: Settings) -> None:
    """Make an account. Raises BadAccount, Unreachable, ApiProblem and SettingsError."""
    try:
        wanted = CreateAccount.model_validate({"name": name, "role": role, "password": password})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadAccount(f"{first['loc'][0]}: {detail_of(first)}") from None
    if (name, password) != DEMO and (weakness := weakness_of(password, name)) is not None:
        raise BadAccount(f"password: {weakness}")

    async def by_store(store: Store, accounts: Accounts) -> None:
        await accounts.create(name, role_of(role), password)
        await note(store, "create_account", f"/accounts/{name}", wanted)

    def by_api(client: Calls) -> None:
        client.create_account(name, role, password)

    reach(settings, by_api, by_store)
