"""Tasks: show, list, export, watch."""

import codecs
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Option

from waybill.cli.command import command
from waybill.cli.command_error import FAILED
from waybill.cli.output import Column, Output
from waybill.cli.visible import visible_text

if TYPE_CHECKING:
    from waybill.client.client import Client

Ids = Annotated[list[str], Argument(metavar="ID...", help="Ids of tasks.")]
Query = Annotated[
    str | None, Option("--query", "-q", metavar="QUERY", help="A search, such as 'status:error type:sleep word'.")
]

COLUMNS = (
    Column("task", lambda task: task["task_id"]),
    Column("status", lambda task: task["status_name"]),
    Column("type", lambda task: task["type"]),
    Column("name", lambda task: task["name"]),
    Column("created", lambda task: task["created_at"]),
    Column("ends with", lambda task: what_ended(task["error"])),
)


def what_ended(error: dict[str, str] | None) -> str:
    """Return the error of a task in short, nothing without one."""
    return "" if error is None else f"{error['code']}: {error['message']}"


@command
def show(client: "Client", out: Output, ids: Ids) -> int:
    """Show all that is known of tasks."""
    from waybill.client.following import look  # noqa: PLC0415 - loads requests

    found = look(client, ids)
    for number, task_id in enumerate(ids):
        if task_id not in found:
            out.note(f"there is no task {task_id}")
            continue
        if number and out.is_terminal:
            out.line("")
        _show(out, found[task_id])
    return FAILED if found.keys() < set(ids) else 0


def _show(out: Output, task: dict[str, Any]) -> None:
    error = task["error"]
    if out.is_json or error is None:
        out.fields(task)
        return
    out.fields(task | {"error": what_ended(error)})
    if error.get("detail"):
        out.text(f"\n{error['detail']}")


@command
def watch(client: "Client", out: Output, ids: Ids) -> int:
    """Show tasks live until all have ended. The exit code is 0 if all are COMPLETED, else 1.

    In a terminal each running task has a bar; in a pipe each change of status or stage is a line, and with --json each
    change is the whole task. Ctrl-C stops the watching, not the tasks.
    """
    from waybill.cli.watching import watch_many  # noqa: PLC0415 - loads what shows bars

    return watch_many(client, out, ids)


@command
def list_(
    client: "Client",
    out: Output,
    query: Query = None,
    limit: Annotated[int, Option(min=0, help="How many; 0 for all.")] = 50,
    oldest: Annotated[bool, Option("--oldest", help="The oldest first, instead of the newest.")] = False,
) -> int:
    """List the tasks that a search finds. The newest come first."""
    out.rows(COLUMNS, client.list(query, limit=limit or None, newest=not oldest))
    return 0


@command
def export(
    client: "Client",
    out: Output,
    query: Query = None,
    format: Annotated[
        Literal["ndjson", "csv"], Option(metavar="FORMAT", help="ndjson: an object on each line; csv: a table.")
    ] = "ndjson",
) -> int:
    """Write all tasks that a search finds to the standard output. The oldest come first."""
    chunks = client.export_tasks(format, **({} if query is None else {"q": query}))
    if sys.stdout.isatty():
        for text in codecs.iterdecode(chunks, "utf-8", "replace"):
            sys.stdout.write(visible_text(text))
    else:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0
