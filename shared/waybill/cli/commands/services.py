"""The services: run, api, worker."""

import os
from collections.abc import Sequence
from typing import Annotated

from typer import Option

from waybill.cli.command import command
from waybill.cli.command_error import BAD_USAGE, CommandError
from waybill.cli.main import become
from waybill.cli.offered import offered
from waybill.cli.own_settings import settings

Handlers = Annotated[
    list[str] | None,
    Option(metavar="FILE", help="A file or module with handlers; may be given several times (WAYBILL_HANDLERS)."),
]
Reload = Annotated[
    bool, Option("--reload", help="Start the worker again when a file of handlers changes (WAYBILL_RELOAD).")
]
Exec = Annotated[
    str | None,
    Option("--exec", metavar="COMMAND", help="A program as a handler, such as 'convert {input.file}' (WAYBILL_EXEC)."),
]
ExecType = Annotated[
    str | None, Option("--type", metavar="TYPE", help="The type that the program of --exec runs (WAYBILL_EXEC_TYPE).")
]


@command
def run(handlers: Handlers = None, reload: Reload = False, exec: Exec = None, type: ExecType = None) -> int:
    """Run the API and a worker until Ctrl-C. First the initial task types are loaded."""
    _set(handlers, reload, exec, type)
    return int(offered("run")(settings()))


@command
def api() -> int:
    """Serve HTTP until Ctrl-C."""
    become("api")


@command
def worker(handlers: Handlers = None, reload: Reload = False, exec: Exec = None, type: ExecType = None) -> int:
    """Run tasks until Ctrl-C."""
    _set(handlers, reload, exec, type)
    become("worker")


def _set(handlers: Sequence[str] | None, reload: bool, program: str | None, type: str | None) -> None:
    """Set what is given in the environment of the services. Raises CommandError."""
    if (program is None) != (type is None):
        raise CommandError("--exec and --type need each other: a program, and the type that it runs", BAD_USAGE)
    for one in handlers or ():
        if "," in one or not one.strip():
            raise CommandError(f"--handlers {one!r}: a file or module without commas in its name", BAD_USAGE)
    given = {
        "WAYBILL_HANDLERS": ",".join(handlers) if handlers else None,
        "WAYBILL_RELOAD": "1" if reload else None,
        "WAYBILL_EXEC": program,
        "WAYBILL_EXEC_TYPE": type,
    }
    os.environ.update({name: value for name, value in given.items() if value is not None})
