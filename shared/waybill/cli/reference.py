"""The reference of the command line, as Markdown, made from the program itself: `python -m waybill.cli.reference`."""

import sys
from collections.abc import Iterator
from textwrap import fill
from typing import Any

from typer.main import get_command

from waybill.cli.app import app
from waybill.cli.command import OPTIONS

WIDTH = 120

HEAD = """# The command line

`waybill`, also `python -m waybill`, and `manage.py` in a clone. `make docs` makes this page from the program itself.

Commands speak HTTP to the API at `--url`, `WAYBILL_API_URL`, or the host and port of the settings; they send `--token`
or `WAYBILL_API_TOKEN`. On the machine of the installation, in its directory or with its `WAYBILL_DATA_DIR`, a call that
is refused is sent again with the administrator's token from its file, unless `--token` is given.

What is printed is a table in a terminal, lines with tabs in a pipe, and with `--json` an object on each line. Notes and
errors are lines on standard error.

| option of every command that calls the API or prints objects | meaning |
| --- | --- |
| `--url URL` | The API's address; else `WAYBILL_API_URL`, or this machine's |
| `--token TOKEN` | What the API is sent as a token; else `WAYBILL_API_TOKEN` |
| `--json` | Print JSON, an object on each line |
| `--help` | Show the command's help |

`waybill --version` prints the version; `waybill --install-completion` makes the shell complete commands and options.

| exit code | meaning |
| --- | --- |
| 0 | done; a task that was waited for is COMPLETED |
| 1 | a task that was waited for ended in ERROR, or the command failed |
| 2 | the command line or a setting is wrong |
| 3 | the API cannot be reached, or cannot answer now |
| 130 | Ctrl-C |
"""

SAID_ONCE = ("help", *OPTIONS)


def reference() -> str:
    """Return the page."""
    return "\n".join((HEAD, *_sections(get_command(app), "waybill"))) + "\n"


def _sections(group: Any, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        full = f"{path} {name}"
        if hasattr(command, "commands"):
            yield f"## {full}\n\n{_about(command)}\n"
            yield from _sections(command, full)
        else:
            level = "###" if " " in path else "##"
            usage = f"{full} {_usage(command)}".rstrip()
            yield f"{level} {full}\n\n```text\n{usage}\n```\n\n{_about(command)}\n"
            if options := [_row(one) for one in _parameters(command)]:
                yield "\n".join(("| option | meaning |", "| --- | --- |", *options, ""))


def _parameters(command: Any) -> list[Any]:
    return [one for one in command.params if one.name not in SAID_ONCE]


def _usage(command: Any) -> str:
    parameters = _parameters(command)
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    words = [_name(one) if one.required else f"[{_name(one)}]" for one in arguments]
    return " ".join((*words, "[OPTIONS]") if len(arguments) < len(parameters) else words)


def _name(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper().replace("_", "-")).strip("[]")


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        written = _name(parameter)
    else:
        names = ", ".join(sorted(parameter.opts, key=len))
        written = names if parameter.is_flag else f"{names} {_name(parameter)}"
    default = parameter.default
    said = "" if default in (None, False, ()) or callable(default) else f" (default: {default})"
    return f"| `{written}` | {parameter.help.rstrip('.')}{said} |"


def _about(command: Any) -> str:
    return "\n\n".join(fill(" ".join(part.split()), WIDTH) for part in (command.help or "").split("\n\n"))


if __name__ == "__main__":
    sys.stdout.write(reference())
