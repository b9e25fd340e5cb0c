"""Handing a task over: submit."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from typer import Argument, Option

from waybill.cli.command import command
from waybill.cli.command_error import BAD_USAGE, CommandError
from waybill.cli.output import Output

if TYPE_CHECKING:
    from waybill.client.client import Client


@command
def submit(
    client: "Client",
    out: Output,
    type: Annotated[str, Argument(metavar="TYPE", help="The task's type; see waybill types.")],
    input: Annotated[
        str | None, Argument(metavar="INPUT", help="The task's input: JSON, @FILE, or - for the standard input.")
    ] = None,
    name: Annotated[str | None, Option(help="The task's name; else the type's.")] = None,
    priority: Annotated[int | None, Option(help="Higher is sooner; else the type's.")] = None,
    timeout: Annotated[
        int | None, Option(metavar="SECONDS", help="How long one run may take; else the type's.")
    ] = None,
    processing_time: Annotated[
        int | None, Option(metavar="SECONDS", help="How long the handler sleep takes; else the type's.")
    ] = None,
    meta: Annotated[list[str] | None, Option(metavar="KEY=VALUE", help="Metadata; may be given several times.")] = None,
    key: Annotated[str | None, Option(help="Your own name for the task, one of a kind within its type.")] = None,
    idempotency_key: Annotated[
        str | None, Option(metavar="KEY", help="Submitted again with the same key, it is the same task.")
    ] = None,
    wait: Annotated[
        bool, Option("--wait", help="Show the task until it ends; exit code 1 if it ends in ERROR.")
    ] = False,
) -> int:
    """Create a task, and print its id. With --wait, show it until it ends, and its result.

    With --wait and --json the line is the task as it ended.
    """
    handle = client.submit(
        type,
        read_input(input),
        name=name,
        priority=priority,
        timeout=timeout,
        processing_time=processing_time,
        metadata=read_metadata(meta or ()),
        external_key=key,
        idempotency_key=idempotency_key,
    )
    if wait:
        from waybill.cli.watching import watch_one  # noqa: PLC0415 - loads what shows bars

        if client.get_task_type(type).get("served") is False:
            out.note(f"no live worker serves {type}: the task waits for one")
        return watch_one(client, out, handle.id)
    if out.is_json:
        out.json({"task_id": handle.id})
    else:
        out.line(handle.id)
    return 0


def read_input(given: str | None) -> Any:
    """Return the value of the argument INPUT. Raises CommandError."""
    if given is None:
        return None
    if given == "-":
        return _parsed(sys.stdin.buffer.read(), "the standard input")
    if not given.startswith("@"):
        return _parsed(given.encode("utf-8", "surrogateescape"), "INPUT")
    try:
        return _parsed(Path(given[1:]).read_bytes(), given[1:])
    except OSError as error:
        raise CommandError(f"{given[1:]} cannot be read: {error.strerror}", BAD_USAGE) from None


def read_metadata(pairs: Sequence[str]) -> dict[str, Any] | None:
    """Return what `KEY=VALUE` pairs say, None for none; a value that is no JSON is a text. Raises CommandError."""
    said: dict[str, Any] = {}
    for pair in pairs:
        key, is_pair, value = pair.partition("=")
        if not key or not is_pair:
            raise CommandError(f"--meta {pair!r}: write KEY=VALUE", BAD_USAGE)
        try:
            said[key] = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            said[key] = value
    return said or None


def _parsed(data: bytes, where: str) -> Any:
    try:
        return json.loads(data, parse_constant=_refuse, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        hint = "" if where != "INPUT" else """; a text is '"text"', a file @FILE"""
        reason = f"{error.msg} in line {error.lineno}, column {error.colno}{hint}"
    except RecursionError:
        reason = "too many arrays and objects lie within each other"
    except ValueError as error:
        reason = str(error)
    raise CommandError(f"{where} is no JSON: {reason}", BAD_USAGE)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
    return value
