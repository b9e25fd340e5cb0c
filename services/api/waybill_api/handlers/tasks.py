"""All tasks: create one or many, and list them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from waybill.domain.errors import ExternalKeyTaken, IdempotencyKeyReused, Invalid, StorageFull
from waybill.domain.task import Task
from waybill.wire.fields import ExternalKey, Label, TypeName
from waybill.wire.tasks import CreateTask, CreateTasks, TaskCreated, TaskJson, TasksCreated, task_json
from waybill.wire.timestamps import milliseconds_of
from waybill_api.handlers.parameters import Cursor, IdempotencyHeader, Limit, StatusFilter, Time, cursor_of
from waybill_api.handlers.search import Search, search_of
from waybill_api.http.bodies.batches import fingerprint
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.long_answers import CSV, JSON, LISTS, NDJSON
from waybill_api.http.operation import BATCH_LIMIT, call
from waybill_api.identity.access import Scope
from waybill_api.inputs import fitting, unrevealing
from waybill_api.places import Room
from waybill_api.problems import BAD_QUERY, TOO_MANY_CREATES, TOO_MANY_LISTS, Refusal
from waybill_api.search.query import Query
from waybill_api.store import commands, tables
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.finding import finder
from waybill_api.store.store import Store
from waybill_api.store.tables.idempotency import IdempotencyKey

PAGE = 100
"""How many tasks of a list are written at once: no other request is served meanwhile."""

FRESH = 2_000
"""So many events may the index be behind without a word about it: it takes them in within a second."""

FORMATS = {"json": JSON, "ndjson": NDJSON, "csv": CSV}

Format = Annotated[
    Literal["json", "ndjson", "csv"] | None,
    Field(description="The form, for a link in a browser, which then saves it; it goes before Accept."),
]

CREATE_ERRORS = (ExternalKeyTaken, IdempotencyKeyReused, StorageFull, TOO_MANY_CREATES)


class CreatingEndpoint(Endpoint):
    """A handler that creates tasks."""

    def recordable(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arguments of a create without the secrets of the tasks' types."""
        body, rules = arguments.get("body"), self.store.input_rules
        if isinstance(body, CreateTask):
            return {**arguments, "body": unrevealing(rules, body)}
        if isinstance(body, CreateTasks):
            shown = [unrevealing(rules, task) for task in body.tasks]
            return {**arguments, "body": body.model_copy(update={"tasks": shown})}
        return arguments


class TasksHandler(CreatingEndpoint):
    """The collection of all tasks."""

    @call("create_task", 201, raises=CREATE_ERRORS)
    async def post(self, body: CreateTask, idempotency_key: IdempotencyHeader = None) -> TaskCreated:
        """Create a task.

        When the answer comes, the task is on disk; follow it by its id. With `type`, another kind of task than
        `sleep` is created: see the task types.
        """
        key = _idempotency(self, idempotency_key, body)
        _keep_pace(self, self.room, 1)
        (task_id,) = await _created(self.store, [body], key)
        self.set_header("Location", f"/tasks/{task_id}")
        return {"task_id": task_id}

    @call("list_tasks", media=LISTS, raises=(BAD_QUERY, TOO_MANY_LISTS))
    async def get(
        self,
        status: StatusFilter = None,
        type: TypeName | None = None,
        stage: Label | None = None,
        external_key: ExternalKey | None = None,
        silent: Annotated[
            bool | None, Field(description="Whether there is no news of it for its stage_timeout.")
        ] = None,
        created_after: Annotated[Time | None, Field(description="Later than this (RFC 3339).")] = None,
        created_before: Annotated[Time | None, Field(description="Earlier than this (RFC 3339).")] = None,
        q: Search = None,
        order: Annotated[Literal["oldest", "newest"], Field(description="Which come first.")] = "oldest",
        format: Format = None,
        limit: Limit = None,
        cursor: Cursor = None,
    ) -> AsyncIterator[Sequence[TaskJson]]:
        """List tasks, newest last.

        All that fit the filters are streamed; with `limit`, one page is answered, and its `Link` header leads to
        the next one, until there is none. Accept: application/x-ndjson or text/csv for other forms, or `format` for a
        download. `q` searches: `status:error type:sleep meta.user:42 created:>2026-11-01 words "a phrase"`. A page is
        looked for in a bounded time and has a bounded size, so it may have few tasks or none: where `Waybill-Search`
        says `partial`, not all were looked at yet, and `Link` leads on; if it says `indexing`, words and metadata of
        the latest changes are not known to the search yet.
        """
        chosen = {
            "statuses": status,
            "types": type,
            "stages": stage,
            "keys": external_key,
            "silent": silent,
        }
        query = search_of(q, chosen)
        if query is not None:
            query = query.within(
                None if created_after is None else milliseconds_of(created_after) + 1,
                None if created_before is None else milliseconds_of(created_before),
            )
        if format is not None:
            self.media = FORMATS[format]
            self.set_header("Content-Disposition", f'attachment; filename="tasks.{format}"')
        newest = order == "newest"
        if limit is None:
            return self._every(query, cursor, newest)
        return await self._look(query, cursor, limit, newest)

    async def _look(
        self, query: Query | None, after: str | None, limit: int, newest: bool
    ) -> AsyncIterator[Sequence[TaskJson]]:
        """Return a page of the tasks that the query finds, with a link to the next one."""
        if query is None:
            return _parts([])
        found = await self.store.read(finder.find, query, after, limit, newest=newest)
        if found.place is not None:
            self.link_next(cursor_of(found.place))
        state = "partial" if found.is_partial else "complete"
        if state == "complete" and query.asks_index and await self.store.read(tables.searched.behind) > FRESH:
            state = "indexing"
        self.set_header("Waybill-Search", state)
        return _parts(found.tasks)

    async def _every(self, query: Query | None, after: str | None, newest: bool) -> AsyncIterator[Sequence[TaskJson]]:
        """Yield all that is looked for, however long that takes."""
        is_more = query is not None
        with self.room.lists.taken(self.client):
            while query is not None and is_more:
                found = await self.store.read(finder.find, query, after, PAGE, newest=newest)
                yield [task_json(task) for task in found.tasks]
                after = found.place
                is_more = after is not None


class TaskBatchHandler(CreatingEndpoint):
    """Many new tasks at once."""

    @call("create_tasks", 201, limit=BATCH_LIMIT, raises=CREATE_ERRORS)
    async def post(self, body: CreateTasks, idempotency_key: IdempotencyHeader = None) -> TasksCreated:
        """Create up to 1,000 tasks, all of them or none."""
        key = _idempotency(self, idempotency_key, body)
        _keep_pace(self, self.room, len(body.tasks))
        try:
            task_ids = await _created(self.store, body.tasks, key, "/tasks")
        except Invalid as error:
            raise Invalid(str(error), f"/tasks/{error.index}{error.pointer}") from None
        return {"task_ids": task_ids}


async def _created(
    store: Store, wishes: Sequence[CreateTask], key: IdempotencyKey | None, place: str = ""
) -> list[str]:
    """Create tasks whose inputs fit, and return their ids; `place` is the JSON pointer of their list."""
    try:
        inputs = await fitting(store.input_rules, wishes, place)
    except Refusal:
        # The schema may be newer than the request that is sent again.
        known = None if key is None else await store.write(commands.tasks.recall, key)
        if known is None:
            raise
        return known
    drafts = [_draft(wish, given) for wish, given in zip(wishes, inputs, strict=True)]
    return await store.write(commands.tasks.create, drafts, key)


def _keep_pace(endpoint: Endpoint, room: Room, count: int) -> None:
    """Refuse tasks that one address creates too fast; logged-in users and the administrator's token have no limit."""
    if room.pace.per_minute and endpoint.caller.session is None and endpoint.caller.scope < Scope.ADMIN:
        room.pace.admit(endpoint.request.remote_ip or "", count)


async def _parts(tasks: Sequence[Task]) -> AsyncIterator[Sequence[TaskJson]]:
    """Yield a page in parts, none if it is empty."""
    for start in range(0, len(tasks), PAGE):
        yield [task_json(task) for task in tasks[start : start + PAGE]]


def _draft(wish: CreateTask, given: Any) -> TaskDraft:
    """Return the draft of a task with its input as it is to be kept."""
    return TaskDraft(
        name=wish.name,
        type=wish.type,
        processing_time=wish.processing_time,
        input=given,
        priority=wish.priority,
        timeout=wish.timeout,
        metadata=wish.metadata,
        external_key=wish.external_key,
    )


def _idempotency(endpoint: Endpoint, key: str | None, body: BaseModel) -> IdempotencyKey | None:
    """Return the key with the fingerprint of the request."""
    if key is None:
        return None
    return IdempotencyKey(key, endpoint.fingerprint or fingerprint(endpoint.request_line, body))
