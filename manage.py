#!/usr/bin/env python3
"""The command line of an installation."""

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from services import together
from services.api.fixtures import fixture, loading
from shared.client import ApiError
from shared.settings import Settings, SettingsError

PROCFILE = Path(__file__).resolve().parent / "Procfile"

FAILED = 1
BAD_USAGE = 2


class Parser(argparse.ArgumentParser):
    """A parser that tells what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit."""
        self.exit(BAD_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def loaddata(name: str, settings: Settings) -> None:
    """Load a fixture and say what was done."""
    types = fixture.read(name)
    for task_type, effect in loading.load(types, settings).items():
        print(f"{effect:<8} {task_type}")
    print(f"{len(types)} task types loaded from {name}.")


def run(settings: Settings) -> int:
    """Load the initial task types, say where to click, and run both services until Ctrl-C."""
    loaddata("initial", settings)
    print(f"\nWaybill starts at {settings.base_url}/ (try it at {settings.base_url}/api/docs); Ctrl-C stops it.\n")
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
    commands.add_parser("run", help="load the initial task types, then run the API and a worker until Ctrl-C")
    commands.add_parser("drill", help="show in a minute what crashes do to tasks, on an installation of its own")
    arguments = parser.parse_args()
    if arguments.command == "drill":
        return drill()
    try:
        settings = Settings.load()
        if arguments.command == "run":
            return run(settings)
        loaddata(arguments.fixture, settings)
    except (SettingsError, fixture.FixtureError) as error:
        print(error, file=sys.stderr)
        return BAD_USAGE
    except (loading.CannotLoad, ApiError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
