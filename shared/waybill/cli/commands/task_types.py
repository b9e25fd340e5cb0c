"""Task types: list, add, pause, resume."""

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option, Typer

from waybill.cli.command import command
from waybill.cli.command_error import BAD_USAGE, CommandError
from waybill.cli.list_by_default import ListByDefault
from waybill.cli.output import Column, Output, Row

if TYPE_CHECKING:
    from waybill.client.client import Client

Name = Annotated[str, Argument(metavar="NAME", help="The type's name.")]

types = Typer(cls=ListByDefault, help="Task types. Without a further word, their list.")


def runs_by(one: Row) -> str:
    """Return the handlers of a type."""
    return " > ".join(one["stages"]) if one["stages"] else one["handler"] or "(outside services)"


def state(one: Row) -> str:
    """Return whether a type is paused, or no live worker has its handlers."""
    said = ["paused"] if one["paused"] else []
    if one.get("served") is False:
        said.append("no worker serves it")
    return ", ".join(said)


COLUMNS = (
    Column("type", lambda one: one["name"]),
    Column("runs by", runs_by),
    Column("state", state),
    Column("timeout", lambda one: one["timeout"]),
    Column("attempts", lambda one: one["max_attempts"]),
    Column("priority", lambda one: one["priority"]),
    Column("title", lambda one: one["title"]),
)


@types.command("list")
@command
def list_types(client: "Client", out: Output) -> int:
    """List the task types. Those that no live worker serves are flagged."""
    out.rows(COLUMNS, client.task_types())
    return 0


@types.command("add")
@command
def add(
    client: "Client",
    out: Output,
    name: Name,
    handler: Annotated[str | None, Option(help="The function that runs its tasks.")] = None,
    stages: Annotated[str | None, Option(metavar="A,B", help="The handlers of a pipeline, in their order.")] = None,
    tracked: Annotated[bool, Option("--tracked", help="Outside services report on its tasks.")] = False,
    title: Annotated[str | None, Option(help="What people read.")] = None,
    processing_time: Annotated[int | None, Option(metavar="SECONDS", help="For the handler sleep.")] = None,
    timeout: Annotated[int | None, Option(metavar="SECONDS", help="How long one run may take.")] = None,
    max_attempts: Annotated[int | None, Option(help="How many failures end a task in ERROR.")] = None,
    min_backoff: Annotated[float | None, Option(metavar="SECONDS", help="Before the first retry.")] = None,
    max_backoff: Annotated[float | None, Option(metavar="SECONDS", help="Before any retry, at most.")] = None,
    priority: Annotated[int | None, Option(help="Higher is sooner.")] = None,
    paused: Annotated[bool, Option("--paused", help="Its tasks wait until it is resumed.")] = False,
) -> int:
    """Make a task type. It has a handler, the stages of a pipeline, or is tracked."""
    if sum((handler is not None, stages is not None, tracked)) != 1:
        raise CommandError("give one of --handler, --stages and --tracked", BAD_USAGE)
    given = {
        "handler": handler,
        "stages": None if stages is None else [one.strip() for one in stages.split(",")],
        "title": title,
        "processing_time": processing_time,
        "timeout": timeout,
        "max_attempts": max_attempts,
        "min_backoff": min_backoff,
        "max_backoff": max_backoff,
        "priority": priority,
        "paused": paused or None,
    }
    fields = {field: value for field, value in given.items() if value is not None}
    _tell(out, client.create_task_type(name, **fields), "made")
    return 0


@types.command("pause")
@command
def pause(client: "Client", out: Output, name: Name) -> int:
    """Pause a task type. Its tasks wait, and what runs goes on."""
    _tell(out, client.pause_task_type(name), "paused")
    return 0


@types.command("resume")
@command
def resume(client: "Client", out: Output, name: Name) -> int:
    """Resume a paused task type."""
    _tell(out, client.resume_task_type(name), "resumed")
    return 0


def _tell(out: Output, task_type: Row, done: str) -> None:
    if out.is_json:
        out.json(task_type)
        return
    out.line(f"{task_type['name']}\t{done}")
    if task_type.get("served") is False:
        out.note(f"no live worker serves {task_type['name']}: its tasks wait")
