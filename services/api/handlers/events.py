"""Events: the history of one task, or of all, as a list or live."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode

from pydantic import Field

from services.api.endpoint import Endpoint
from services.api.handlers.parameters import Limit, StatusFilter, TaskIdPath
from services.api.operation import Header, call
from services.api.problems import TOO_MANY_STREAMS
from services.api.store.feed import Feed
from services.api.store.line import Line
from services.api.streaming import EVENT_STREAM, JSON, NDJSON
from services.api.streams import Streams
from shared.domain.event import Event
from shared.domain.status import Status
from shared.domain.task import Task
from shared.wire.events import EventJson, event_json
from shared.wire.fields import TypeName

PAGE = 500

BEAT_SECONDS = 15.0
"""After so much silence a stream says that it is still there."""

CHUNK = 256 * 1024
"""Characters of events, at least one of them, that are handed to a connection at once."""

FORMS = (JSON, NDJSON, EVENT_STREAM)

EventId = Annotated[int, Field(ge=0, le=2**63 - 1, description="Only events numbered higher than this.")]
LastEventId = Annotated[
    EventId | None,
    Header("Last-Event-ID"),
    Field(description="What a browser sends when it comes back to a stream; it goes before `after`."),
]
Events = AsyncIterator[Sequence[EventJson]]


class History(Protocol):
    """What events need of the store."""

    feed: Feed

    def task(self, task_id: str) -> Task:
        """Return a task, or raise TaskNotFound."""

    async def events(
        self,
        task_id: str | None,
        after: int,
        limit: int,
        *,
        type_name: str | None = None,
        status: Status | None = None,
    ) -> list[Event]:
        """Return a page of the history."""


class Chosen:
    """Which events somebody wants to see."""

    def __init__(self, task_id: str | None, type_name: str | None, status: Status | None) -> None:
        """Choose those of a task, of a type's tasks, those after which a status held; None is any."""
        self.task_id = task_id
        self.type_name = type_name
        self.status = status

    def among(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield those that are wanted of lines of the task."""
        return (line for line in lines if self.type_name in (None, line.type) and self.status in (None, line.status))


class EventsHandler(Endpoint):
    """The history of all tasks."""

    store: History
    streams: Streams

    @call("list_events", media=FORMS, raises=(TOO_MANY_STREAMS,))
    async def get(
        self,
        after: EventId | None = None,
        type: TypeName | None = None,
        status: StatusFilter = None,
        limit: Limit = None,
        last_event_id: LastEventId = None,
    ) -> Events:
        """List the events of all tasks, oldest first; with `limit`, a `Link` header leads to the next page.

        Accept: text/event-stream follows them live instead: from `Last-Event-ID` or `after` on without a gap, and from
        now on where neither is given. Each message's `id` is the event's, its data the event as JSON; a stream that is
        silent beats every 15 seconds. A reader that is too slow is cut off, and comes back for the rest.
        """
        return await self.history(Chosen(None, type, status), after, limit, last_event_id)

    async def history(
        self, chosen: Chosen, after: int | None, limit: int | None, last_event_id: int | None
    ) -> AsyncIterator[Any]:
        """Return the pages of a history, one of `limit` events or all, or the chunks of its stream."""
        if self.media == EVENT_STREAM:
            return self._live(chosen, after if last_event_id is None else last_event_id)
        if limit is None:
            return self._all(chosen, after or 0)
        found = await self._page(chosen, after or 0, limit + 1)
        page = found[:limit]
        if len(found) > limit:
            query = {name: values[0] for name, values in self.request.query_arguments.items()}
            following = urlencode(query | {"after": str(page[-1].event_id).encode()})
            self.set_header("Link", f'<{self.request.path}?{following}>; rel="next"')
        return _one([event_json(event) for event in page])

    async def _page(self, chosen: Chosen, after: int, limit: int) -> list[Event]:
        return await self.store.events(chosen.task_id, after, limit, type_name=chosen.type_name, status=chosen.status)

    async def _all(self, chosen: Chosen, after: int) -> AsyncIterator[Sequence[Any]]:
        while page := await self._page(chosen, after, PAGE):
            yield [event_json(event) for event in page]
            after = page[-1].event_id

    async def _live(self, chosen: Chosen, after: int | None) -> AsyncIterator[str]:
        """Yield the chunks of a stream until the server stops; the first one comes at once.

        A beat says up to where all was seen, so that who comes back goes on from there, even where nothing was wanted.
        """
        feed = self.store.feed
        time = asyncio.get_running_loop().time
        with self.streams.opened(self.request.remote_ip or ""), feed.follow():
            place = await feed.start(after)
            yield f"retry: 1000\nid: {place}\n\n"
            spoke = time()
            while not self.is_over:
                seen, place = await feed.since(place, chosen.task_id)
                for chunk in _chunks(chosen.among(seen)):
                    yield chunk
                    spoke = time()
                if time() - spoke >= BEAT_SECONDS:
                    yield f": beat\nid: {place}\n\n"
                    spoke = time()
                news = feed.news(place)
                await self.wait_for(news, spoke + BEAT_SECONDS - time())
                news.cancel()


class TaskEventsHandler(EventsHandler):
    """The history of one task."""

    @call("list_task_events", media=FORMS, raises=(TOO_MANY_STREAMS,))
    async def get(
        self,
        task_id: TaskIdPath,
        after: EventId | None = None,
        status: StatusFilter = None,
        limit: Limit = None,
        last_event_id: LastEventId = None,
    ) -> Events:
        """List the events of a task, oldest first.

        Every report on it is here, whatever its outcome, and every create, claim, release, timeout, cancel and
        retry; of a pipeline, also each advance to the next stage. Accept: text/event-stream follows them live, from
        the first one on where neither `Last-Event-ID` nor `after` is given.
        """
        self.store.task(task_id)
        return await self.history(Chosen(task_id, None, status), after or 0, limit, last_event_id)


def _chunks(lines: Iterable[Line]) -> Iterator[str]:
    """Yield lines as messages, many at once as long as they are short."""
    gathered: list[str] = []
    size = 0
    for line in lines:
        message = f"id: {line.event_id}\ndata: {line.text}\n\n"
        if gathered and size + len(message) > CHUNK:
            yield "".join(gathered)
            gathered, size = [], 0
        gathered.append(message)
        size += len(message)
    if gathered:
        yield "".join(gathered)


async def _one(page: Sequence[Any]) -> AsyncIterator[Sequence[Any]]:
    yield page
