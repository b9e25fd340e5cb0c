"""The indexer: takes the history into what search knows, in slices, so that others' writes go between."""

import asyncio

from waybill_api.store import commands
from waybill_api.store.store import Store
from waybill_api.store.writing.unit import Commit

SLICE = 50
"""Events to a transaction: it costs no more per event than many do, and others wait for one transaction at most."""

LINGER = 0.25
"""Seconds for which changes gather, so that a short task is looked at once and not at each of its changes."""

SHARE = 3
"""For every second at work it lets so many go by while others write."""


class Indexer:
    """Wakes on changes, and follows them until it has caught up."""

    def __init__(self, store: Store) -> None:
        """Take care of this store."""
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._is_woken = False
        store.listen(self.notice)

    def notice(self, commit: Commit) -> None:
        """Hear of a commit, in the writer's thread; what it did itself changes no task."""
        if commit.changes and not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Follow the history until cancelled, first what came before the start."""
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
