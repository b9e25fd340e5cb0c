"""Events: the history of one task, or of all, as a list or live."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field

from waybill.domain.event import Event
from waybill.wire.events import EventJson, event_json
from waybill.wire.fields import TypeName
from waybill_api.handlers.parameters import Limit, StatusFilter, TaskIdPath
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.long_answers import EVENT_STREAM, JSON, NDJSON
from waybill_api.http.operation import Header, call
from waybill_api.problems import TOO_MANY_LISTS, TOO_MANY_STREAMS
from waybill_api.store import tables
from waybill_api.store.tables.events import Chosen, Line

PAGE = 500

AT_ONCE = 200
"""How many events of a page are encoded at once, before other requests are served."""

BEAT_SECONDS = 15.0
"""Seconds of silence after which a stream sends a sign of life."""

TRY_SECONDS = 1.0
"""Seconds of silence, doubled each time, after which a stream writes to a client that may have left: a closed socket
answers with a reset."""

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


class EventsHandler(Endpoint):
    """The history of all tasks."""

    @call("list_events", media=FORMS, raises=(TOO_MANY_STREAMS, TOO_MANY_LISTS))
    async def get(
        self,
        after: EventId | None = None,
        type: TypeName | None = None,
        status: StatusFilter = None,
        limit: Limit = None,
        last_event_id: LastEventId = None,
    ) -> Events:
        """List the events of all tasks, oldest first; with `limit`, a `Link` header leads to the next page.

        A page is looked for in a bounded time and has a bounded size: where `Waybill-Search` says `partial`, it has
        fewer events than it may have, perhaps none, and `Link` leads on.

        `Waybill-Newest` is the number of the newest event of all when the answer began. If it is lower than `after`,
        the history is another one than before, from a backup perhaps, and has to be read from its beginning.

        Accept: text/event-stream follows them live instead: from `Last-Event-ID` or `after` on without a gap, and from
        now on where neither is given. Each message's `id` is the event's, its data the event as JSON; a stream that is
        silent beats every 15 seconds. A reader that is too slow is cut off, and comes back for the rest. A task that is
        deleted leaves no event, since its history goes with it: who follows just then gets a message `deleted` with
        its `task_id`; who comes back later does not.
        """
        return await self.history(Chosen(None, type, status), after, limit, last_event_id)

    async def history(
        self, chosen: Chosen, after: int | None, limit: int | None, last_event_id: int | None
    ) -> AsyncIterator[Any]:
        """Return the pages of a history, one of `limit` events or all, or the chunks of its stream."""
        # Read first, so that the header is at least as high as every number sent before.
        self.set_header("Waybill-Newest", str(await self.store.feed.newest()))
        if self.media == EVENT_STREAM:
            return self._live(chosen, after if last_event_id is None else last_event_id)
        if limit is None:
            return self._all(chosen, after or 0)
        found = await self.store.read(tables.events.look, chosen, after or 0, limit)
        if found.place is not None:
            query = {name: values[0] for name, values in self.request.query_arguments.items()}
            following = urlencode(query | {"after": str(found.place).encode()})
            self.set_header("Link", f'<{self.request.path}?{following}>; rel="next"')
        is_partial = found.place is not None and len(found.events) < limit
        self.set_header("Waybill-Search", "partial" if is_partial else "complete")
        return _parts(found.events)

    async def _all(self, chosen: Chosen, after: int) -> AsyncIterator[Sequence[Any]]:
        place: int | None = after
        with self.room.lists.taken(self.client):
            while place is not None:
                events, place = await self.store.read(tables.events.look, chosen, place, PAGE)
                if events:
                    yield [event_json(event) for event in events]

    async def _live(self, chosen: Chosen, after: int | None) -> AsyncIterator[str]:
        """Yield the chunks of a stream until the server stops; the first one comes at once.

        A beat says up to where all was seen, so that who comes back goes on from there, even where nothing was wanted.
        """
        feed = self.store.feed
        time = asyncio.get_running_loop().time
        with self.room.streams.taken(self.client, self.give_up), feed.follow():
            deletions = feed.deletions
            place = await feed.start(after)
            yield f"retry: 1000\nid: {place}\n\n"
            spoke, patience = time(), TRY_SECONDS
            while not self.is_over:
                seen, place = await feed.since(place, chosen.task_id)
                # Without a pause in between: what was read is older than the deletions that are known by then.
                deleted, deletions = feed.deleted(deletions, chosen.task_id, chosen.type_name), feed.deletions
                for chunk in _chunks(chosen.among(seen)):
                    yield chunk
                    spoke = time()
                if deleted is None:
                    return
                for task_id in deleted:
                    yield f'id: {place}\nevent: deleted\ndata: {{"task_id":"{task_id}"}}\n\n'
                    spoke = time()
                if chosen.task_id in deleted:
                    return
                if time() - spoke >= (patience if self.may_have_left else BEAT_SECONDS):
                    yield f": beat\nid: {place}\n\n"
                    spoke = time()
                    patience = min(2 * patience, BEAT_SECONDS) if self.may_have_left else TRY_SECONDS
                news = feed.news(place, deletions)
                silence = patience if self.may_have_left else BEAT_SECONDS
                await self.wait_for(news, spoke + silence - time(), is_stream=True)
                news.cancel()


class TaskEventsHandler(EventsHandler):
    """The history of one task."""

    @call("list_task_events", media=FORMS, raises=(TOO_MANY_STREAMS, TOO_MANY_LISTS))
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
        self.store.look_up(tables.tasks.load, task_id)
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


async def _parts(events: Sequence[Event]) -> AsyncIterator[Sequence[Any]]:
    """Yield a page in parts, none if it is empty."""
    for start in range(0, len(events), AT_ONCE):
        yield [event_json(event) for event in events[start : start + AT_ONCE]]
