"""The feed: commits wake the clients that follow the history, and one read serves them all."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from waybill_api.store.tables.events import Line
from waybill_api.store.writing.unit import Commit

PAGE = 500
KEPT = 1_000
"""How many of the latest lines are kept; a client that is further behind reads on its own."""

DELETIONS_KEPT = 10_000
"""How many of the latest deletions are kept; a client that is further behind must load anew."""

PAUSE = 0.05
"""Seconds between two reads, so that a busy writer costs its readers no more than twenty a second."""


Read = Callable[[str | None, int, int], Awaitable[list[Line]]]
"""Returns a page of the history of one task or of all: the lines after a number, up to a limit."""


class Deleted(NamedTuple):
    """A task that was deleted; its history went with it."""

    task_id: str
    type: str


class Feed:
    """The latest lines of the history, kept while a client follows it. Used by its loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, read: Read, newest: Callable[[], Awaitable[int]]) -> None:
        """Serve this loop; `newest` returns the number of the newest event."""
        self._loop = loop
        self._read = read
        self._newest = newest
        self._followers = 0
        self._lines: list[Line] = []
        self._start = 0
        """All lines after this number are kept."""
        self._head: int | None = None
        """All lines up to this number were read; None before the first read."""
        self._is_behind = False
        """Whether there was a commit since the last read began."""
        self._reading: asyncio.Task[None] | None = None
        self._next_read = 0.0
        self.deletions = 0
        """How many tasks were deleted while a client followed: the number of the latest deletion."""
        self._deleted: deque[Deleted] = deque(maxlen=DELETIONS_KEPT)
        self._bells: set[asyncio.Future[None]] = set()

    @contextmanager
    def follow(self) -> Iterator[None]:
        """Follow commits for as long as the context lasts; `news` and `since` need that."""
        if not self._followers:
            self._begin()
        self._followers += 1
        try:
            yield
        finally:
            self._followers -= 1

    def notice(self, commit: Commit) -> None:
        """Wake the clients that follow; runs in the writer's thread."""
        if self._followers:
            gone = [Deleted(before.task_id, before.type) for before, after in commit.changes if before and not after]
            self._loop.call_soon_threadsafe(self._wake, gone)

    def news(self, place: int, deletions: int) -> "asyncio.Future[None]":
        """Return a future that resolves once there may be a line after `place`, or more than `deletions` deletions.

        Cancel it to give up.
        """
        bell: asyncio.Future[None] = self._loop.create_future()
        if self._is_behind or place < (self._head or 0) or deletions < self.deletions:
            bell.set_result(None)
        else:
            self._bells.add(bell)
            bell.add_done_callback(self._bells.discard)
        return bell

    async def newest(self) -> int:
        """Return the number of the newest event, 0 if there is none."""
        return await self._newest()

    async def start(self, after: int | None) -> int:
        """Return the place to follow from: after that event, or now if none is named.

        An unknown number, perhaps of another database, means now as well.
        """
        newest = await self.newest()
        return newest if after is None else min(after, newest)

    async def since(self, place: int, task_id: str | None) -> tuple[Sequence[Line], int]:
        """Return lines after a place, oldest first and perhaps not all, and the place after the last one."""
        head = await self._read_on()
        if self._start <= place:
            later = self._lines[bisect_right(self._lines, place, key=_number) :]
            return [line for line in later if task_id in (None, line.task_id)], max(place, head)
        lines = await self._read(task_id, place, PAGE)
        if len(lines) == PAGE:
            return lines, lines[-1].event_id
        return lines, max(head, lines[-1].event_id if lines else place)

    def deleted(self, after: int, task_id: str | None, type_name: str | None) -> list[str] | None:
        """Return the ids of tasks whose deletion has a number above `after`: one task, those of a type, or all.

        None if not all of them are known any more.
        """
        count = self.deletions - after
        if count > len(self._deleted):
            return None
        latest = islice(self._deleted, len(self._deleted) - count, None)
        return [one.task_id for one in latest if task_id in (None, one.task_id) and type_name in (None, one.type)]

    def _begin(self) -> None:
        """Forget the kept lines: while no client followed, commits were not noticed."""
        if self._reading is not None:
            self._reading.cancel()
        self._reading = self._head = None
        self._lines.clear()

    def _wake(self, gone: Sequence[Deleted]) -> None:
        self._is_behind = True
        self._deleted.extend(gone)
        self.deletions += len(gone)
        for bell in tuple(self._bells):
            if not bell.done():
                bell.set_result(None)

    async def _read_on(self) -> int:
        """Read the lines of the last commits, once for all concurrent callers; return the number of the last line."""
        if self._head is None or self._is_behind or (self._reading is not None and not self._reading.done()):
            if self._reading is None or self._reading.done():
                self._reading = self._loop.create_task(self._refresh())
            await asyncio.shield(self._reading)
        return self._head or 0

    async def _refresh(self) -> None:
        await asyncio.sleep(self._next_read - self._loop.time())
        self._is_behind = False
        try:
            await self._take_in()
        except BaseException:
            # The next caller reads again, even without a new commit.
            self._is_behind = True
            raise
        finally:
            self._next_read = self._loop.time() + PAUSE

    async def _take_in(self) -> None:
        if self._head is None:
            self._start = self._head = await self._newest()
        else:
            full = True
            while full:
                page = await self._read(None, self._head, PAGE)
                self._lines += page
                self._head = page[-1].event_id if page else self._head
                full = len(page) == PAGE
            if len(self._lines) > KEPT:
                self._start = self._lines[-KEPT - 1].event_id
                del self._lines[:-KEPT]


def _number(line: Line) -> int:
    return line.event_id
