"""Watching tasks until they have ended: bars where a person looks, lines in a pipe."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from waybill.api_error import ApiError
from waybill.cli.command_error import FAILED, INTERRUPTED
from waybill.cli.output import Output
from waybill.cli.visible import visible, visible_json
from waybill.client.following import Seen, follow
from waybill.domain.status import Status

if TYPE_CHECKING:
    from waybill.client.client import Client

LONGEST_RESULT = 200
"""Characters of a result that a line shows."""


def watch_one(client: "Client", out: Output, task_id: str) -> int:
    """Show a task until it ends, then what is known of its error, and return the exit code.

    As JSON only its end is printed.
    """
    ends: list[Seen] = []
    code = _watch(client, out, [task_id], Lines(out, only_ends=True), ends.append)
    error = None if not ends or ends[0].task is None else ends[0].task["error"]
    if error is not None and error.get("detail") and not out.is_json:
        out.note_text(error["detail"])
    return code


def watch_many(client: "Client", out: Output, task_ids: Sequence[str]) -> int:
    """Show tasks until all have ended, and return the exit code."""
    return _watch(client, out, list(dict.fromkeys(task_ids)), Lines(out))


def _watch(
    client: "Client",
    out: Output,
    task_ids: Sequence[str],
    lines: "Lines",
    on_end: Callable[[Seen], object] = lambda _: None,
) -> int:
    tell = Outage(out)
    failed = 0
    try:
        with _shown(out, len(task_ids)) as shown:
            for seen in follow(client, task_ids, on_loss=tell.away):
                tell.back()
                if seen.is_over:
                    failed += not is_good(seen)
                    on_end(seen)
                if shown is None:
                    lines.show(seen)
                else:
                    shown.show(seen)
    except KeyboardInterrupt:
        out.note("no longer watched; the tasks go on")
        return INTERRUPTED
    return FAILED if failed else 0


def _shown(out: Output, count: int) -> Any:
    """Return the bars of a terminal, as a context."""
    if out.is_terminal:
        from waybill.cli.bars import Bars  # noqa: PLC0415 - loads rich

        return Bars(count)
    from contextlib import nullcontext  # noqa: PLC0415

    return nullcontext()


def is_good(seen: Seen) -> bool:
    """Whether a task has ended well."""
    return seen.task is not None and seen.task["status"] == Status.COMPLETED


def outcome(task: dict[str, Any]) -> str:
    """Return how a task stands or ended, in one line: its error, its result, or its stage and progress."""
    if task["error"] is not None:
        return visible(f"{task['error']['code']}: {task['error']['message']}")
    if task["status"] == Status.COMPLETED:
        text = "" if task["result"] is None else visible_json(task["result"])
        return text if len(text) <= LONGEST_RESULT else f"{text[:LONGEST_RESULT]}..."
    progress = "" if task["progress"] is None else f"{task['progress']:.0%}"
    return visible(" ".join(one for one in (task["stage"], progress) if one))


class Lines:
    """Prints a line whenever a task comes to another status or stage, and one for its end."""

    def __init__(self, out: Output, only_ends: bool = False) -> None:
        """Take the output, and whether JSON is printed of ends alone."""
        self._out = out
        self._only_ends = only_ends
        self._known: dict[str, tuple[Any, ...]] = {}

    def show(self, seen: Seen) -> None:
        """Print the task if there is something new to say."""
        task = seen.task
        if task is None:
            if self._out.is_json:
                self._out.json({"task_id": seen.task_id, "deleted": True})
            else:
                self._out.line(f"{visible(seen.task_id)}\tGONE\t\tthere is no such task")
            return
        if self._out.is_json:
            if seen.is_over or not self._only_ends:
                self._out.json(task)
            return
        now = (task["attempt"], task["status"], task["stage"])
        if self._known.get(seen.task_id) != now:
            self._known[seen.task_id] = now
            self._out.line("\t".join((task["task_id"], task["status_name"], visible(task["name"]), outcome(task))))


class Outage:
    """Tells once that the API is away, and once that it is back."""

    def __init__(self, out: Output) -> None:
        """Take the output whose notes to use."""
        self._out = out
        self._is_away = False

    def away(self, error: ApiError) -> None:
        """Tell that the API does not answer, unless that has been told."""
        if not self._is_away:
            self._is_away = True
            self._out.note(f"the API is away ({error}); waiting for it")

    def back(self) -> None:
        """Tell that the API answers again, if it was away."""
        if self._is_away:
            self._is_away = False
            self._out.note("the API is back")
