"""Events: the history of one task, or of all."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode

from pydantic import Field

from services.api.endpoint import Endpoint
from services.api.handlers.parameters import Limit, TaskIdPath
from services.api.operation import call
from services.api.streaming import JSON, NDJSON
from shared.domain.event import Event
from shared.domain.task import Task
from shared.wire.events import EventJson, event_json

PAGE = 500

After = Annotated[int, Field(ge=0, le=2**63 - 1, description="Only events numbered higher than this.")]
Events = AsyncIterator[Sequence[EventJson]]


class History(Protocol):
    """What events need of the store."""

    def task(self, task_id: str) -> Task:
        """Return a task, or raise TaskNotFound."""

    async def events(self, task_id: str | None, after: int, limit: int) -> list[Event]:
        """Return a page of the history."""


class EventsHandler(Endpoint):
    """The history of all tasks."""

    store: History

    @call("list_events", media=(JSON, NDJSON))
    async def get(self, after: After = 0, limit: Limit = None) -> Events:
        """List the events of all tasks, oldest first; with `limit`, a `Link` header leads to the next page."""
        return await self.history(None, after, limit)

    async def history(self, task_id: str | None, after: int, limit: int | None) -> AsyncIterator[Sequence[Any]]:
        """Return the pages of a history: one of `limit` events, or all."""
        if limit is None:
            return self._all(task_id, after)
        found = await self.store.events(task_id, after, limit + 1)
        page = found[:limit]
        if len(found) > limit:
            following = urlencode({"after": page[-1].event_id, "limit": limit})
            self.set_header("Link", f'<{self.request.path}?{following}>; rel="next"')
        return _one([event_json(event) for event in page])

    async def _all(self, task_id: str | None, after: int) -> AsyncIterator[Sequence[Any]]:
        while page := await self.store.events(task_id, after, PAGE):
            yield [event_json(event) for event in page]
            after = page[-1].event_id


class TaskEventsHandler(EventsHandler):
    """The history of one task."""

    @call("list_task_events", media=(JSON, NDJSON))
    async def get(self, task_id: TaskIdPath, after: After = 0, limit: Limit = None) -> Events:
        """List the events of a task, oldest first.

        Every report on it is here, whatever its outcome, and every create, claim, release, timeout, cancel and
        retry; of a pipeline, also each advance to the next stage.
        """
        self.store.task(task_id)
        return await self.history(task_id, after, limit)


async def _one(page: Sequence[Any]) -> AsyncIterator[Sequence[Any]]:
    yield page
