"""The pages of task types."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from waybill.domain.account import Role
from waybill.domain.errors import TaskTypeNotFound
from waybill.domain.task_type import TaskType
from waybill.wire.task_types import CreateTaskType, TaskTypeJson, task_type_json, version_json
from waybill_api.admin.lengths import length
from waybill_api.admin.page import Page
from waybill_api.admin.pages.adding import written
from waybill_api.admin.search import address
from waybill_api.admin.texts import Name
from waybill_api.handlers.parameters import TypeCursor, TypeNamePath, type_cursor_of
from waybill_api.handlers.statistics import of_type
from waybill_api.http.operation import call
from waybill_api.preconditions.versions import etag_of
from waybill_api.store import tables

AT_ONCE = 100
"""How many types a page shows."""

ADD = "/admin/tasks/tasktype/-/add/"
"""The path of the form for a new type: no type's name begins with a hyphen, so it never hides a type."""
OLD_FORM = "add"
"""The former path, which redirects to the form while no type has this name."""


class TaskTypesPage(Page):
    """All task types."""

    @call("task_types_page")
    async def get(self, cursor: TypeCursor = None) -> None:
        """Show a page of the task types, with the counts of their tasks."""
        served = self.workers.served()
        now, statistics = self.store.clock.now(), self.store.statistics
        found = await self.store.read(tables.task_types.page, cursor, AT_ONCE + 1)
        shown = found[:AT_ONCE]
        await self.show(
            "task_types.html",
            "Task types",
            types=[
                (task_type_json(one, served), of_type(one.name, statistics.standing(now, one.name))) for one in shown
            ],
            may_change=self.session.role >= Role.ADMIN,
            length=length,
            query=urlencode({"limit": AT_ONCE} | ({} if cursor is None else {"cursor": type_cursor_of(cursor)})),
            is_first=cursor is None,
            more=f"?cursor={type_cursor_of(shown[-1].name)}" if len(found) > AT_ONCE else None,
        )


class AddTaskTypePage(Page):
    """The form for a new task type."""

    @call("add_task_type_page")
    async def get(self) -> None:
        """Show the form."""
        fresh = task_type_json(CreateTaskType(name="new").to_task_type())
        await self.show(
            "task_type.html",
            "New task type",
            type=fresh,
            is_new=True,
            may_change=True,
            beside=beside(fresh),
            written=written,
        )


class TaskTypePage(Page):
    """One task type."""

    @call("task_type_page")
    async def get(self, name: TypeNamePath) -> None:
        """Show a task type."""
        try:
            found: TaskType = await self.store.read(tables.task_types.load, name)
        except TaskTypeNotFound:
            if name != OLD_FORM:
                raise
            self.go(ADD)
            return
        shown = task_type_json(found, self.workers.served())
        may_change = self.session.role >= Role.ADMIN
        await self.show(
            "task_type.html",
            Name(found.name),
            type=shown,
            etag=etag_of(version_json(found)),
            is_new=False,
            may_change=may_change,
            counted=of_type(name, self.store.statistics.standing(self.store.clock.now(), name)),
            address=address,
            length=length,
            beside=beside(shown),
            written=written,
        )


def beside(shown: TaskTypeJson) -> Callable[[str], str]:
    """Return what tells of a field what the code declares, if a person has set it to something else."""
    declared, fields = shown["declared"] or {}, dict[str, Any](shown)

    def code(name: str) -> str:
        if name not in shown["edited"] or name not in declared or declared[name] == fields[name]:
            return ""
        value = declared[name]
        if isinstance(value, list):
            return " → ".join(map(str, value))
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return code
