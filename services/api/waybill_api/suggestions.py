"""How a search that is being typed may go on, from the words of the latest tasks."""

import time

from waybill_api.search.query import Query
from waybill_api.search.vocabulary import Vocabulary
from waybill_api.store import tables
from waybill_api.store.finding import finder
from waybill_api.store.store import Store

LISTENED = 200
"""How many of the latest tasks each look-up listens to; words heard since the start stay."""

FRESH_SECONDS = 10.0


class Suggestions:
    """The words of tasks, and of types, looked up no more often than every few seconds."""

    def __init__(self, store: Store) -> None:
        """Begin with none."""
        self._store = store
        self._vocabulary = Vocabulary()
        self._types: list[str] = []
        self._fresh_until = 0.0

    async def of(self, typed: str, limit: int) -> list[str]:
        """Return up to `limit` ways to go on."""
        await self._refresh()
        return self._vocabulary.completions(typed, self._types, limit)

    async def _refresh(self) -> None:
        if time.monotonic() < self._fresh_until:
            return
        self._fresh_until = time.monotonic() + FRESH_SECONDS
        types = await self._store.read(tables.task_types.page)
        self._types = [one.name for one in types]
        for task_type in types:
            for stage in task_type.stages or ():
                self._vocabulary.hear(stage, {})
        for task in reversed((await self._store.read(finder.find, Query(), None, LISTENED, newest=True)).tasks):
            self._vocabulary.hear(task.stage, task.metadata)
