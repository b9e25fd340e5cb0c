"""Task types: list, create, change, declare, delete, pause, resume."""

import logging

from waybill.domain.encoded import Encoded
from waybill.domain.errors import ChangedMeanwhile, StorageFull, TaskTypeExists, TaskTypeInUse
from waybill.domain.task_type import TaskType
from waybill.wire.task_types import (
    ChangeTaskType,
    CreateTaskType,
    DeclareTaskType,
    TaskTypeJson,
    compact,
    given_fields,
    task_type_json,
    version_json,
)
from waybill_api.handlers.parameters import IfMatch, Limit, TypeCursor, TypeNamePath, type_cursor_of
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.preconditions.versions import etag_of, unchanged
from waybill_api.store import commands, tables

log = logging.getLogger(__name__)


class TypeEndpoint(Endpoint):
    """A handler that answers with a task type."""

    def shown(self, task_type: TaskType) -> TaskTypeJson:
        """Return a task type on the wire, with the ETag of its version."""
        self.set_header("ETag", etag_of(version_json(task_type)))
        return task_type_json(task_type, self.workers.served())


class TaskTypesHandler(TypeEndpoint):
    """The collection of all task types."""

    @call("list_task_types")
    async def get(self, limit: Limit = None, cursor: TypeCursor = None) -> list[TaskTypeJson]:
        """List the task types, by name; with `limit`, a `Link` header leads to the next page."""
        found = await self.store.read(tables.task_types.page, cursor, None if limit is None else limit + 1)
        if limit is not None and len(found) > limit:
            del found[limit:]
            self.link_next(type_cursor_of(found[-1].name))
        served = self.workers.served()
        return [task_type_json(task_type, served) for task_type in found]

    @call("create_task_type", 201, raises=(TaskTypeExists, StorageFull))
    async def post(self, body: CreateTaskType) -> TaskTypeJson:
        """Create a task type."""
        task_type = await self.store.write(commands.task_types.create, body.to_task_type())
        self.set_header("Location", f"/task-types/{task_type.name}")
        return self.shown(task_type)


class TaskTypeHandler(TypeEndpoint):
    """One task type."""

    @call("get_task_type")
    async def get(self, name: TypeNamePath) -> TaskTypeJson:
        """Show a task type."""
        return self.shown(await self.store.read(tables.task_types.load, name))

    @call("change_task_type", raises=(ChangedMeanwhile, StorageFull))
    async def patch(self, name: TypeNamePath, body: ChangeTaskType, if_match: IfMatch = None) -> TaskTypeJson:
        """Change a task type.

        Fields that are not given stay as they are. Tasks that exist keep what they were created with, except that a
        paused type starts no run.
        """
        changed = await self.store.write(
            commands.task_types.change, name, given_fields(body), unchanged(if_match, version_json)
        )
        return self.shown(changed)

    @call("delete_task_type", 204, raises=(TaskTypeInUse, ChangedMeanwhile, StorageFull))
    async def delete(self, name: TypeNamePath, if_match: IfMatch = None) -> None:
        """Delete a task type that no task has."""
        await self.store.write(commands.task_types.delete, name, unchanged(if_match, version_json))


class DeclarationHandler(TypeEndpoint):
    """What code says of a task type."""

    @call("declare_task_type", also=201, raises=(StorageFull,))
    async def put(self, name: TypeNamePath, body: DeclareTaskType) -> TaskTypeJson:
        """Declare a task type: what the code of its handler says of it.

        A missing type is made of it. Of one that exists, the fields that a person has set stay; the others are as
        declared. Tasks that exist keep what they were created with.
        """
        text = Encoded(compact(body.model_dump(mode="json", exclude_unset=True)))
        task_type, is_new = await self.store.insist(commands.task_types.declare, name, given_fields(body), text)
        if is_new:
            self.set_status(201)
            self.set_header("Location", f"/task-types/{name}")
            log.info("task type %s is made: code declares it", name, extra={"action": "type_declared"})
        return self.shown(task_type)


class PauseHandler(TypeEndpoint):
    """The pause of a task type."""

    @call("pause_task_type", raises=(StorageFull,))
    async def post(self, name: TypeNamePath) -> TaskTypeJson:
        """Pause a task type: its tasks wait, and what runs goes on."""
        return self.shown(await self.store.write(commands.task_types.change, name, {"paused": True}))


class ResumeHandler(TypeEndpoint):
    """The end of the pause of a task type."""

    @call("resume_task_type", raises=(StorageFull,))
    async def post(self, name: TypeNamePath) -> TaskTypeJson:
        """Resume a paused task type."""
        return self.shown(await self.store.write(commands.task_types.change, name, {"paused": False}))
