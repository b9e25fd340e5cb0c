"""What this service offers to the command line, by the entry-point group `waybill.commands`.

These commands work while no API runs: `loaddata`, `createuser`, `users` and `run`.
"""

import getpass
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from waybill import together
from waybill.api_error import ApiError
from waybill.cli.command_error import BAD_USAGE, CommandError
from waybill.cli.loaded import Loaded, lines
from waybill.host import starter
from waybill.host.outlet import Outlets
from waybill.settings import Settings
from waybill.wire.accounts import RoleName, account_json
from waybill_api.commands import creation, loading
from waybill_api.commands.installation import Unreachable, reach
from waybill_api.fixtures import fixture
from waybill_api.fixtures.effect import Effect
from waybill_api.identity.accounts import Accounts
from waybill_api.sockets import listening
from waybill_api.store.store import Store

PATIENCE = 20.0
"""Seconds that both services may take to stop after the end of the process that started `waybill run`."""


def loaddata(name: str, settings: Settings) -> list[Loaded]:
    """Create or update task types from a fixture, and return what was done to each. Raises CommandError."""
    try:
        types, accounts = loading.load(fixture.read(name), settings)
    except fixture.FixtureError as error:
        raise CommandError(str(error), BAD_USAGE) from None
    except (Unreachable, ApiError) as error:
        raise CommandError(str(error)) from None
    return [
        *(Loaded("task_type", task_type, effect.value) for task_type, effect in types.items()),
        *(Loaded("account", account, effect.value) for account, effect in accounts.items()),
    ]


def createuser(name: str, role: RoleName, settings: Settings) -> None:
    """Make an account, with a password that is asked for twice, or read from a pipe. Raises CommandError."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != password:
            raise CommandError("password: the two are not the same", BAD_USAGE)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        creation.create(name, role, password, settings)
    except creation.BadAccount as error:
        raise CommandError(str(error), BAD_USAGE) from None
    except (Unreachable, ApiError) as error:
        raise CommandError(str(error)) from None


def users(settings: Settings) -> Sequence[Mapping[str, Any]]:
    """Return the accounts. Raises CommandError."""

    async def by_store(_: Store, accounts: Accounts) -> Sequence[Mapping[str, Any]]:
        return [account_json(account) for account in await accounts.listed()]

    try:
        return reach(settings, lambda client: client.accounts(), by_store)
    except (Unreachable, ApiError) as error:
        raise CommandError(str(error)) from None


def run(settings: Settings) -> int:
    """Load the initial task types, print the address, and run both services until Ctrl-C. Raises CommandError."""
    # Checked first: else the worker and the user would reach another program that listens there.
    try:
        for listener in listening.bind(settings):
            listening.hide(listener)
            listener.close()
    except listening.CannotListen as error:
        raise CommandError(str(error), BAD_USAGE) from None
    Outlets()
    starter.stop_with(settings.parent, PATIENCE)
    loaded = loaddata("initial", settings)
    for line in lines(loaded, "initial"):
        sys.stdout.write(f"{line}\n")
    is_new = any(one.kind == "account" and one.effect == Effect.CREATED for one in loaded)
    known = " as user with the password password" if is_new else ""
    where = settings.web_url
    tried = "" if where is None else f"; try the API at {where}/api/docs"
    start = settings.base_url if where is None else f"{where}/"
    sys.stdout.write(f"\nWaybill starts at {start} (log in{known}{tried}).\nCtrl-C stops it.\n\n")
    sys.stdout.flush()
    return together.run(settings)
