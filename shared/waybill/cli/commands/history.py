"""What has happened: events, logs."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.cli.command import command
from waybill.cli.command_error import CommandError
from waybill.cli.output import Column, Output
from waybill.domain.status import Status

if TYPE_CHECKING:
    from waybill.client.client import Client

Follow = Annotated[bool, Option("--follow", "-f", help="Go on with what comes.")]

LOOK_SECONDS = 1.0
"""Seconds between two looks at a log that is followed."""

HEAD = 64
"""Characters by which the beginning of a log is found in what it was before."""

SAID = ("stage", "progress", "error", "metadata", "result")
"""The fields of a report that a line of the history shows."""

EVENT_COLUMNS = (
    Column("event", lambda event: event["event_id"]),
    Column("at", lambda event: event["recorded_at"]),
    Column("task", lambda event: event["task_id"]),
    Column("kind", lambda event: event["kind"]),
    Column("outcome", lambda event: event["outcome"]),
    Column("status", lambda event: Status(event["task_status"]).name),
    Column("source", lambda event: event["source"]),
    Column("said", lambda event: {name: event[name] for name in SAID if event.get(name) is not None} or None),
)


@command
def events(
    client: "Client",
    out: Output,
    follow: Follow = False,
    task: Annotated[str | None, Option(metavar="ID", help="Only of this task, from its creation on.")] = None,
    after: Annotated[int | None, Option(min=0, help="Only events with a higher number.")] = None,
    limit: Annotated[int, Option(min=1, help="How many of the latest, without --task, --after and --follow.")] = 50,
) -> int:
    """Show the history of all tasks, or of one. With --follow it goes on, for one task until that has ended."""
    if follow and not out.is_json:
        # A table would have to wait for its last row.
        out.is_terminal = False
    if task is not None:
        found = client.handle(task).watch() if follow else _pages(client, task, after or 0)
        out.rows(EVENT_COLUMNS, (event for event in found if event["event_id"] > (after or 0)))
    elif follow:
        out.rows(EVENT_COLUMNS, client.live(after))
    elif after is not None:
        out.rows(EVENT_COLUMNS, _pages(client, None, after))
    else:
        out.rows(EVENT_COLUMNS, islice(_pages(client, None, max(0, client.newest_event() - limit)), limit))
    return 0


def _pages(client: "Client", task_id: str | None, after: int) -> Iterator[Any]:
    while page := client.events(after) if task_id is None else client.task_events(task_id, after):
        yield from page
        after = page[-1]["event_id"]


@command
def logs(
    client: "Client",
    out: Output,
    task_id: Annotated[str, Argument(metavar="ID", help="The task's id.")],
    run: Annotated[int | None, Option(min=1, help="Only of this run; else of each that is kept.")] = None,
    follow: Follow = False,
) -> int:
    """Show what the runs of a task logged and printed. With --follow it goes on until the task has ended."""
    seen: dict[int, str] = {}
    for log in _logs(client, task_id, follow):
        if run not in (None, log["run"]) or seen.get(log["run"]) == log["text"]:
            continue
        if out.is_json:
            out.json(log)
        else:
            _print(out, log, seen.get(log["run"]), is_only=run is not None)
        seen[log["run"]] = log["text"]
    if not seen:
        out.note(f"no run of task {task_id} has left a log" if run is None else f"run {run} has left no log")
    return 0


def _logs(client: "Client", task_id: str, follow: bool) -> Iterator[dict[str, Any]]:
    """Yield the logs of the runs; with `follow` again and again until the task is final."""
    has_begun, is_over = False, False
    while not is_over:
        try:
            # Asked first, so that what a run leaves at its end is still looked at.
            is_over = not follow or Status(client.get_task(task_id)["status"]).is_final
            found = client.run_logs(task_id)
        except ApiUnreachable:
            if not has_begun:
                raise
            is_over, found = False, []
        except ApiProblem as problem:
            if problem.code == "not_found":
                raise CommandError("this API keeps no logs of runs; it is older than this command") from None
            raise
        has_begun = True
        yield from found
        if not is_over:
            time.sleep(LOOK_SECONDS)


def _print(out: Output, log: dict[str, Any], before: str | None, is_only: bool) -> None:
    """Print a log, or what has come since it was `before`: of a long log only the last part is kept."""
    text = str(log["text"])
    if before is None:
        if not is_only:
            out.note(f"--- run {log['run']}, attempt {log['attempt']}{', its last part' if log['cut'] else ''}")
    else:
        text = added(before, text)
    out.text(text if text.endswith("\n") or not text else f"{text}\n")


def added(before: str, now: str) -> str:
    """Return what a log has more than before, when it may have lost its beginning."""
    head = now[:HEAD]
    start = 0 if now.startswith(before) else before.find(head)
    while start >= 0:
        if now.startswith(before[start:]):
            return now[len(before) - start :]
        start = before.find(head, start + 1)
    return now
