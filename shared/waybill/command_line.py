"""The command line: `waybill`, also `python -m waybill`, and `manage.py` in a clone.

Commands of the services are found by the entry-point group `waybill.commands`, so that no service is imported here.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import NoReturn

from waybill.host import os_error
from waybill.settings import Settings, SettingsError
from waybill.version import VERSION

GROUP = "waybill.commands"
SERVICES = {"api": ("waybill_api", "serve HTTP until Ctrl-C"), "worker": ("waybill_worker", "run tasks until Ctrl-C")}
"""The commands that become a service: its package, and what it does."""

FAILED = 1
BAD_USAGE = 2


class CommandError(Exception):
    """A command failed; the message is one line, `status` is the exit code."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        """Take the message and the exit code."""
        super().__init__(message)
        self.status = status


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, as an entry point names it."""

    name: str
    help: str
    run: Callable[[argparse.Namespace, Settings], int]
    """Returns the exit code. Raises CommandError, SettingsError, OSError."""
    add_arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit."""
        self.exit(BAD_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(more: Sequence[Command] = ()) -> int:
    """Run the command that the arguments name, and return the exit code; `more` are commands that only a clone has."""
    os.umask(0o077)
    if len(sys.argv) == 2 and sys.argv[1] in SERVICES:
        _become(sys.argv[1])
    commands = {command.name: command for command in (*_installed(), *more)}
    arguments = _parser(commands).parse_args()
    if arguments.command in SERVICES:
        _become(arguments.command)
    try:
        return commands[arguments.command].run(arguments, Settings.load())
    except SettingsError as error:
        return _told(error, BAD_USAGE)
    except CommandError as error:
        return _told(error, error.status)
    except OSError as error:
        return _told(os_error.told(error), BAD_USAGE if os_error.needs_a_person(error) else FAILED)


def _installed() -> list[Command]:
    found: list[Command] = [entry.load() for entry in entry_points(group=GROUP)]
    return sorted(found, key=lambda command: command.name)


def _parser(commands: dict[str, Command]) -> argparse.ArgumentParser:
    program = os.path.basename(sys.argv[0])
    parser = _Parser(prog="waybill" if program == "__main__.py" else program, description="A self-hosted task service.")
    parser.add_argument("--version", action="version", version=f"Waybill {VERSION}")
    subparsers = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, (_, about) in SERVICES.items():
        subparsers.add_parser(name, help=about)
    for command in commands.values():
        command.add_arguments(subparsers.add_parser(command.name, help=command.help))
    return parser


def _become(service: str) -> NoReturn:
    """Replace this process by a service, so that signals and the exit code are the service's own."""
    package, _ = SERVICES[service]
    os.execv(sys.executable, [sys.executable, "-m", package])  # noqa: S606 - there is no shell


def _told(error: object, status: int) -> int:
    print(error, file=sys.stderr)  # noqa: T201
    return status
