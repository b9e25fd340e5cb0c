"""The indexer: keeps the search index up to date with the history, in slices that let other writes between."""

import asyncio

from waybill_api.store import commands
from waybill_api.store.store import Store
from waybill_api.store.writing.unit import Commit

SLICE = 50
"""Events per transaction: more would cost as much per event, and make other writes wait for longer."""

LINGER = 0.25
"""Seconds for which changes gather, so that a short task is indexed once and not with each change."""

SHARE = 3
"""Seconds that it leaves the writer to others for each second of its own work."""


class Indexer:
    """Wakes on changes, and indexes until it has caught up."""

    def __init__(self, store: Store) -> None:
        """Take care of this store."""
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._is_woken = False
        store.listen(self.notice)

    def notice(self, commit: Commit) -> None:
        """Take note of a commit; runs in the writer's thread. The indexer's own commits change no task."""
        if commit.changes and not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Index until cancelled, first the history from before the start."""
        while True:
            self._is_woken = False
            self._news.clear()
            while await self._slice():
                pass
            await self._news.wait()
            await asyncio.sleep(LINGER)

    async def _slice(self) -> bool:
        started = self._loop.time()
        is_more = await self._store.insist(commands.search.take_in, SLICE)
        if is_more and self._is_woken:
            await asyncio.sleep(SHARE * (self._loop.time() - started))
        return is_more
