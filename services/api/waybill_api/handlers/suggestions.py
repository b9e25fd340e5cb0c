"""Suggestions: how a search that somebody types may go on."""

import time
from typing import Annotated, Protocol

from pydantic import Field

from waybill.domain.task_type import TaskType
from waybill.wire.suggestions import SuggestionsJson
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.search.parser import LONGEST
from waybill_api.search.query import Query
from waybill_api.search.vocabulary import Vocabulary
from waybill_api.store.finding.finder import Found

LISTENED = 200
"""Words are those of so many tasks that were created last, and of those before since the start."""

FRESH_SECONDS = 10.0


class Heard(Protocol):
    """What suggestions need of the store."""

    async def find(self, query: Query, after: str | None, limit: int, *, newest: bool) -> Found:
        """Return a page of tasks."""

    async def types(self) -> list[TaskType]:
        """Return all task types."""


class Words:
    """The words of tasks, and of types, looked up no more often than every few seconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self.vocabulary = Vocabulary()
        self.types: list[str] = []
        self._fresh_until = 0.0

    async def refresh(self, store: Heard) -> None:
        """Look up what is new, unless that was done just now."""
        if time.monotonic() < self._fresh_until:
            return
        self._fresh_until = time.monotonic() + FRESH_SECONDS
        types = await store.types()
        self.types = [one.name for one in types]
        for task_type in types:
            for stage in task_type.stages or ():
                self.vocabulary.hear(stage, {})
        for task in reversed((await store.find(Query(), None, LISTENED, newest=True)).tasks):
            self.vocabulary.hear(task.stage, task.metadata)


class SuggestionsHandler(Endpoint):
    """How a search may go on."""

    store: Heard
    words: Words

    @call("suggest")
    async def get(
        self,
        q: Annotated[str, Field(max_length=LONGEST, description="What was typed until now.")] = "",
        limit: Annotated[int, Field(ge=1, le=50)] = 10,
    ) -> SuggestionsJson:
        """Suggest how a search may go on: qualifiers, statuses, types, stages, metadata of the latest tasks."""
        await self.words.refresh(self.store)
        return {"suggestions": self.words.vocabulary.completions(q, self.words.types, limit)}
