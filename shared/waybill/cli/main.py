"""The entry point: runs a command, and turns mistakes in the command line into one line and exit code 2."""

import os
import sys
from typing import NoReturn

from waybill.cli.command_error import BAD_USAGE, FAILED

SERVICES = {"api": "waybill_api", "worker": "waybill_worker"}
"""The commands that become a service, with its package."""


def main() -> int:
    """Run the command that the arguments name, and return the exit code."""
    os.umask(0o077)
    for stream in ("stdout", "stderr"):
        # The process that started this one has closed it.
        if getattr(sys, stream) is None:
            setattr(sys, stream, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if len(sys.argv) == 2 and sys.argv[1] in SERVICES:
        become(sys.argv[1])
    # Only here, so that a service starts without them.
    import typer  # noqa: PLC0415

    from waybill.cli.app import app  # noqa: PLC0415
    from waybill.cli.visible import visible  # noqa: PLC0415

    program = os.path.basename(sys.argv[0])
    name = "waybill" if program == "__main__.py" else program
    try:
        code = app(prog_name=name, standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = name if context is None else context.command_path
        said = error.format_message().rstrip(".")
        sys.stderr.write(f"{visible(f'{command}: {said}')}; see {command} --help\n")
        return BAD_USAGE
    except typer.Abort:
        return FAILED
    return code if isinstance(code, int) else 0


def become(service: str) -> NoReturn:
    """Replace this process by a service, so that signals and the exit code are the service's own."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", SERVICES[service]])  # noqa: S606 - there is no shell
