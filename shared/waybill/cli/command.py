"""A function as a command: it is given a client and an output, and its errors become one line and an exit code."""

import contextlib
import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from typer import Option

from waybill.api_error import ApiError
from waybill.cli.command_error import BAD_USAGE, INTERRUPTED, CommandError
from waybill.cli.output import Output

GIVEN = ("client", "out")
"""The parameters that are no options."""

OPTIONS: Mapping[str, tuple[Any, Any]] = {
    "url": (
        Annotated[
            str | None, Option(metavar="URL", help="The API's address; else WAYBILL_API_URL, or this machine's.")
        ],
        None,
    ),
    "token": (Annotated[str | None, Option(help="What the API is sent as a token; else WAYBILL_API_TOKEN.")], None),
    "as_json": (Annotated[bool, Option("--json", help="Print JSON, an object on each line.")], False),
}
"""The options of every command that calls the API, with their defaults."""

Command = Callable[..., int]


def command(function: Command) -> Command:
    """Return a function as a command for Typer, with --url and --token for a `client`, and with --json for an `out`.

    Both are given to it if it takes them; it returns the exit code.
    """
    signature = inspect.signature(function)
    calls, prints = "client" in signature.parameters, "out" in signature.parameters
    more = [name for name in OPTIONS if (prints if name == "as_json" else calls)]

    @functools.wraps(function)
    def run(*, as_json: bool = False, url: str | None = None, token: str | None = None, **named: Any) -> int:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        client = None
        try:
            if calls:
                from waybill.cli.place import PersonsClient  # noqa: PLC0415 - loads requests

                client = named["client"] = PersonsClient(url, token)
            if prints:
                named["out"] = Output(as_json)
            return function(**named)
        except BrokenPipeError:
            _close_output()
            return 0
        except KeyboardInterrupt:
            return INTERRUPTED
        except UnicodeError:
            return _told(CommandError("an argument is no text in UTF-8", BAD_USAGE), None)
        except (CommandError, ApiError, OSError) as error:
            return _told(error, None if client is None else client.url)
        finally:
            if client is not None:
                client.close()

    kept = [one for name, one in signature.parameters.items() if name not in GIVEN]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=OPTIONS[name][0], default=OPTIONS[name][1])
        for name in more
    ]
    kept = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in kept]
    run.__signature__ = signature.replace(parameters=[*kept, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in (*kept, *added)}
    return run


def _close_output() -> None:
    """Let what is still to be written go nowhere: the reader has seen enough, and a flush at the end would fail."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(error: Exception, url: str | None) -> int:
    from waybill.cli.complaint import complaint_of  # noqa: PLC0415
    from waybill.cli.visible import visible  # noqa: PLC0415

    found = complaint_of(error, url)
    if found is None:
        raise error
    sys.stderr.write(f"{visible(found[0])}\n")
    return found[1]
