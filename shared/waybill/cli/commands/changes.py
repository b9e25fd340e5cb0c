"""What is done to tasks, one by one or many: cancel, retry, delete."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from waybill.api_error import ApiProblem
from waybill.cli.command import Command, command
from waybill.cli.command_error import BAD_USAGE, FAILED, CommandError
from waybill.cli.commands.tasks import Query
from waybill.cli.output import Output

if TYPE_CHECKING:
    from waybill.client.client import Action, Changed, Client

Ids = Annotated[list[str] | None, Argument(metavar="[ID...]", help="Ids of tasks; or give --query.")]
Yes = Annotated[bool, Option("--yes", help="With --query: do it, instead of only counting.")]

PAST = {"cancel": "cancelled", "retry": "retried", "delete": "deleted"}


def changing(action: "Action", about: str) -> Command:
    """Return the command of an action; `about` is its help."""

    def change(client: "Client", out: Output, ids: Ids = None, query: Query = None, yes: Yes = False) -> int:
        if bool(ids) == (query is not None):
            raise CommandError(f"{action}: give either ids of tasks or --query", BAD_USAGE)
        if query is None:
            return _each(out, action, ids or [], _one(client, action))
        return _found(out, action, client.bulk(action, query, dry_run=not yes), is_done=yes)

    change.__name__ = action
    change.__doc__ = about
    return command(change)


def _one(client: "Client", action: str) -> Callable[[str], Any]:
    calls: dict[str, Callable[[str], Any]] = {
        "cancel": client.cancel_task,
        "retry": client.retry_task,
        "delete": client.delete_task,
    }
    return calls[action]


def _each(out: Output, action: str, ids: list[str], change: Callable[[str], Any]) -> int:
    """Do it to each task; say what did not work, and go on."""
    code = 0
    for task_id in ids:
        try:
            task = change(task_id)
        except ApiProblem as problem:
            if problem.status in (401, 403):
                raise
            out.note(f"{task_id}: {problem}")
            code = FAILED
            continue
        if out.is_json:
            out.json(task or {"task_id": task_id, "deleted": True})
        else:
            out.line(f"{task_id}\t{PAST[action]}")
    return code


def _found(out: Output, action: str, changed: "Changed", is_done: bool) -> int:
    """Tell what was done to what a search found, or would be."""
    if out.is_json:
        out.json(
            {
                "action": action,
                "dry_run": not is_done,
                "count": changed.count,
                "is_exact": changed.is_exact,
                "applied": changed.applied,
                "refused": dict(changed.refused),
                "task_ids": list(changed.task_ids),
            }
        )
    elif is_done:
        refused = "".join(f", {count} refused: {code}" for code, count in changed.refused.items())
        out.line(f"{changed.applied} {PAST[action]}{refused}")
    else:
        for task_id in changed.task_ids:
            out.line(task_id)
        count = str(changed.count) if changed.is_exact else f"more than {changed.count}"
        shown = "" if changed.count <= len(changed.task_ids) else "the newest are shown; "
        out.note(f"{count} would be {PAST[action]}; {shown}nothing is done without --yes")
    return 0


cancel = changing("cancel", "Cancel tasks. They end in ERROR at once, and their workers are told.")
retry = changing(
    "retry", "Open another attempt of final tasks. A query means those in ERROR, unless it names a status."
)
delete = changing("delete", "Delete final tasks and their history. This needs the administrator's token.")
