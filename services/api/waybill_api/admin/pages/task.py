"""The page of one task."""

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta

from waybill.domain.account import Role
from waybill.domain.event import Event
from waybill.domain.task import Task
from waybill.wire.output.run_logs import run_log_json
from waybill.wire.output.stages import StageJson
from waybill.wire.tasks import shown_input, task_json
from waybill.wire.timestamps import rfc3339
from waybill_api.admin.lengths import length
from waybill_api.admin.page import Page
from waybill_api.admin.pages.adding import written
from waybill_api.admin.story import phases, runs, strip
from waybill_api.admin.texts import Name
from waybill_api.handlers.events import EventId
from waybill_api.handlers.output.task_stages import stages_of
from waybill_api.handlers.parameters import TaskIdPath
from waybill_api.http.operation import call
from waybill_api.store import tables
from waybill_api.store.store import Store

MOST_EVENTS = 500
"""How many events are shown at once."""


class TaskPage(Page):
    """One task: its status, and its history."""

    @call("task_page")
    async def get(self, task_id: TaskIdPath) -> None:
        """Show a task."""
        task = self.store.look_up(tables.tasks.load, task_id)
        history, following = await part_of_history(self.store, task_id, 0)
        now = self.store.clock.now()
        latest = [] if following is None else await end_of_history(self.store, history[-1])
        # If they follow each other, nothing is left out.
        told = (history, latest[1:]) if len(latest) > MOST_EVENTS else ([*history, *latest],)
        found = phases(*told)
        await self.show(
            "task.html",
            Name(task.name),
            task=task,
            shown=task_json(task),
            bars=list(strip(found, now)),
            runs=runs(*told),
            stages=await stages_of(self.store, task),
            logs=[run_log_json(log) for log in await self.store.read(tables.run_logs.of_task, task_id)][::-1],
            history=history,
            following=following,
            most=MOST_EVENTS,
            commands=commands(task, self.origin),
            now=now,
            took=took,
            written=written,
            length=length,
            rfc3339=rfc3339,
            may_act=self.session.role >= Role.OPERATOR,
            may_delete=self.session.role >= Role.ADMIN,
        )


class TaskHistoryPage(Page):
    """The part of a task's history after that on its own page."""

    @call("task_history_page")
    async def get(self, task_id: TaskIdPath, after: EventId = 0) -> None:
        """Show the part of a history that comes after an event."""
        task = self.store.look_up(tables.tasks.load, task_id)
        history, following = await part_of_history(self.store, task_id, after)
        await self.show(
            "task_history.html",
            Name(task.name),
            task=task,
            history=history,
            following=following,
            written=written,
            rfc3339=rfc3339,
        )


async def part_of_history(store: Store, task_id: str, after: int) -> tuple[Sequence[Event], str | None]:
    """Return the events of a task after `after`, and the address of the later ones, None if there are none."""
    found = await store.read(tables.events.page, task_id, after, MOST_EVENTS + 1)
    shown = found[:MOST_EVENTS]
    if len(found) == len(shown):
        return shown, None
    return shown, f"/admin/tasks/task/{task_id}/history/?after={shown[-1].event_id}"


async def end_of_history(store: Store, shown: Event) -> Sequence[Event]:
    """Return the last events of a task that come after `shown`: MOST_EVENTS, and one more if there is."""
    latest = await store.read(tables.events.latest, shown.task_id, MOST_EVENTS + 1)
    return [event for event in latest if event.event_id > shown.event_id]


def took(stage: StageJson) -> int | None:
    """Return the milliseconds that a finished stage took; None if it is not finished, or never began."""
    start, end = stage["started_at"], stage["finished_at"]
    if start is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)) // timedelta(milliseconds=1)


def commands(task: Task, origin: str) -> Sequence[tuple[str, str]]:
    """Return the shell commands that show such a task, follow it and create another, each with its title."""
    given = {
        "name": task.name,
        "type": task.type,
        "processing_time": task.processing_time,
        "input": shown_input(task),
        "priority": task.priority,
        "timeout": task.timeout if task.has_own_timeout else None,
        "metadata": dict(task.metadata),
    }
    body = shlex.quote(written({name: value for name, value in given.items() if value not in (None, {})}))
    where = shlex.quote(f"{origin}/tasks")
    one = shlex.quote(f"{origin}/tasks/{task.task_id}")
    return (
        ("Look at it", f"curl {one}"),
        ("Follow it", f"curl -N -H 'Accept: text/event-stream' {shlex.quote(f'{origin}/tasks/{task.task_id}/events')}"),
        ("Make another one", f"curl {where} -H 'Content-Type: application/json' -d {body}"),
    )
