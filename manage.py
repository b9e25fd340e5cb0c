#!/usr/bin/env python3
"""The command line of an installation."""

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import NoReturn, get_args

from services import together
from services.api import installation, listening
from services.api.admin import creation
from services.api.fixtures import fixture, loading
from services.api.fixtures.effect import Effect
from shared import os_error, starter
from shared.client import ApiError
from shared.outlet import Outlets
from shared.settings import Settings, SettingsError
from shared.wire.accounts import RoleName

PROCFILE = Path(__file__).resolve().parent / "Procfile"

FAILED = 1
BAD_USAGE = 2

PATIENCE = 20.0
"""Seconds that both services may take to stop after the end of the process which started `manage.py run`."""


class Parser(argparse.ArgumentParser):
    """A parser that tells what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit."""
        self.exit(BAD_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def loaddata(name: str, settings: Settings) -> bool:
    """Load a fixture and say what was done; return whether an account was made."""
    wanted = fixture.read(name)
    types, accounts = loading.load(wanted, settings)
    for task_type, effect in types.items():
        print(f"{effect:<8} {task_type}")
    for account, effect in accounts.items():
        print(f"{effect:<8} {account} (an account)")
    print(f"{len(types)} task types loaded from {name}.")
    return Effect.CREATED in accounts.values()


def createuser(name: str, role: RoleName, settings: Settings) -> None:
    """Make an account, with a password that is asked for twice, or read from a pipe."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != password:
            raise creation.BadAccount("password: the two are not the same")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    creation.create(name, role, password, settings)
    print(f"{name} may log in at {settings.base_url}/admin/ ({role}).")


def run(settings: Settings) -> int:
    """Load the initial task types, say where to click, and run both services until Ctrl-C. Raises CannotListen."""
    # Checked first: else the worker and the user would reach another program that listens there.
    for listener in listening.bind(settings):
        listener.close()
    Outlets()
    starter.stop_with(settings.parent, PATIENCE)
    is_new = loaddata("initial", settings)
    known = " as user with the password password" if is_new else ""
    print(f"\nWaybill starts at {settings.base_url}/ (log in{known}; try the API at {settings.base_url}/api/docs).")
    print("Ctrl-C stops it.\n")
    sys.stdout.flush()
    return together.run(PROCFILE, os.environ)


def drill() -> int:
    """Kill, stop and cut services of its own under load, tell what became of the tasks, and return the exit code."""
    # Only here: nothing that serves users depends on the proof.
    from proof import drill as proof_drill  # noqa: PLC0415

    return proof_drill.main()


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    os.umask(0o077)
    parser = Parser(prog="manage.py", description="Looks after an installation of Waybill.")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    loading_data = commands.add_parser("loaddata", help="create or update task types from a fixture")
    loading_data.add_argument("fixture", help="a fixture's name, such as initial, or the path of a .json file")
    creating = commands.add_parser("createuser", help="make an account for the web interface")
    creating.add_argument("name", help="what one logs in with")
    creating.add_argument("--role", choices=get_args(RoleName), default="operator", help="operator, unless given")
    commands.add_parser("run", help="load the initial task types, then run the API and a worker until Ctrl-C")
    commands.add_parser("drill", help="show in a minute what crashes do to tasks, on an installation of its own")
    arguments = parser.parse_args()
    if arguments.command == "drill":
        return drill()
    try:
        settings = Settings.load()
        if arguments.command == "run":
            return run(settings)
        if arguments.command == "createuser":
            createuser(arguments.name, arguments.role, settings)
        else:
            loaddata(arguments.fixture, settings)
    except (SettingsError, listening.CannotListen, fixture.FixtureError, creation.BadAccount) as error:
        print(error, file=sys.stderr)
        return BAD_USAGE
    except OSError as error:
        print(os_error.told(error), file=sys.stderr)
        return BAD_USAGE if os_error.needs_a_person(error) else FAILED
    except (installation.Unreachable, ApiError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
