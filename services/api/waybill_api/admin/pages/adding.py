"""The form for a new task."""

import json
from typing import Annotated, Any

from pydantic import Field

from waybill.domain.encoded import value_of
from waybill.domain.task import Task
from waybill.wire.fields import TaskId
from waybill_api.admin.page import Page
from waybill_api.admin.texts import escaped
from waybill_api.http.operation import call
from waybill_api.store import tables


class AddTaskPage(Page):
    """The form for a new task, empty or filled in from another task."""

    @call("add_task_page")
    async def get(
        self,
        like: Annotated[TaskId | None, Field(description="A task to begin with.")] = None,
        type: str = "",
    ) -> None:
        """Show the form."""
        origin = None if like is None else self.store.look_up(tables.tasks.load, like)
        await self.show(
            "task_add.html",
            "New task",
            origin=origin,
            given=None if origin is None else without_secrets(origin),
            chosen=type or ("sleep" if origin is None else origin.type),
            types=await self.store.read(tables.task_types.page),
            written=written,
        )


def without_secrets(task: Task) -> Any:
    """Return the input of a task without its secret fields: who makes another one gives them anew."""
    value = value_of(task.input)
    if not isinstance(value, dict):
        return value
    return {name: one for name, one in value.items() if name not in task.secret}


def written(value: Any) -> str:
    """Return indented JSON; numbers stay exact, and no character changes the direction of others."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=2))
