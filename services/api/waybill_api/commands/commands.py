"""The commands that need the store: `waybill loaddata`, `waybill createuser` and `waybill run`."""

import argparse
import getpass
import sys
from typing import get_args

from waybill import together
from waybill.api_error import ApiError
from waybill.command_line import BAD_USAGE, Command, CommandError
from waybill.host import starter
from waybill.host.outlet import Outlets
from waybill.settings import Settings
from waybill.wire.accounts import RoleName
from waybill_api.commands import creation, loading
from waybill_api.commands.installation import Unreachable
from waybill_api.fixtures import fixture
from waybill_api.fixtures.effect import Effect
from waybill_api.sockets import listening

PATIENCE = 20.0
"""Seconds that both services may take to stop after the end of the process that started `waybill run`."""


def _load(name: str, settings: Settings) -> bool:
    """Load a fixture and print what was done; return whether an account was made. Raises CommandError."""
    try:
        types, accounts = loading.load(fixture.read(name), settings)
    except fixture.FixtureError as error:
        raise CommandError(str(error), BAD_USAGE) from None
    except (Unreachable, ApiError) as error:
        raise CommandError(str(error)) from None
    for task_type, effect in types.items():
        sys.stdout.write(f"{effect:<8} {task_type}\n")
    for account, effect in accounts.items():
        sys.stdout.write(f"{effect:<8} {account} (an account)\n")
    sys.stdout.write(f"{len(types)} task types loaded from {name}.\n")
    return Effect.CREATED in accounts.values()


def _loaddata(arguments: argparse.Namespace, settings: Settings) -> int:
    _load(arguments.fixture, settings)
    return 0


def _createuser(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make an account, with a password that is asked for twice, or read from a pipe."""
    name, role = arguments.name, arguments.role
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
    sys.stdout.write(f"{name} may log in at {settings.base_url}/admin/ ({role}).\n")
    return 0


def _run(_: argparse.Namespace, settings: Settings) -> int:
    """Load the initial task types, print the address, and run both services until Ctrl-C."""
    # Checked first: else the worker and the user would reach another program that listens there.
    try:
        for listener in listening.bind(settings):
            listener.close()
    except listening.CannotListen as error:
        raise CommandError(str(error), BAD_USAGE) from None
    Outlets()
    starter.stop_with(settings.parent, PATIENCE)
    is_new = _load("initial", settings)
    known = " as user with the password password" if is_new else ""
    sys.stdout.write(
        f"\nWaybill starts at {settings.base_url}/ (log in{known}; try the API at {settings.base_url}/api/docs).\n"
        "Ctrl-C stops it.\n\n"
    )
    sys.stdout.flush()
    return together.run()


def _loaddata_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fixture", help="a fixture's name, such as initial, or the path of a .json file")


def _createuser_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the name for the login")
    parser.add_argument("--role", choices=get_args(RoleName), default="operator", help="operator, unless given")


loaddata = Command("loaddata", "create or update task types from a fixture", _loaddata, _loaddata_arguments)
createuser = Command("createuser", "make an account for the web interface", _createuser, _createuser_arguments)
run = Command("run", "load the initial task types, then run the API and a worker until Ctrl-C", _run)
