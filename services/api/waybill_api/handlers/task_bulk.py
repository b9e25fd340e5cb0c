"""Many tasks: cancel, retry or delete those that are listed, or all that a search finds."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from waybill.domain.errors import StorageFull
from waybill.domain.status import Status
from waybill.wire.bulk import ChangeTasks, TasksChanged
from waybill_api.handlers.parameters import cursor_of, place_of
from waybill_api.handlers.search import query_of
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.identity.access import Scope
from waybill_api.problems import BAD_QUERY, DOMAIN_KINDS, Refusal, invalid
from waybill_api.search.query import Query
from waybill_api.store import commands
from waybill_api.store.commands.bulk import Action, Carried
from waybill_api.store.finding import finder
from waybill_api.store.finding.finder import FoundIds

SLICE = 50
"""To how many tasks it is done in one transaction, so that others' writes go between."""

REQUEST_SECONDS = 2.0
"""After this long a request answers, and the caller goes on with its cursor."""

MOST_COUNTED = 10_000
COUNT_SECONDS = 0.04
"""How long a dry run counts."""

SHOWN = 10


class TaskBulkHandler(Endpoint):
    """Many tasks, whichever they are."""

    @call("change_tasks", raises=(BAD_QUERY, StorageFull))
    async def post(self, body: ChangeTasks) -> TasksChanged:
        """Cancel, retry or delete many tasks: up to 1,000 that are listed, or all that a search finds.

        With `dry_run` they are only counted. Else they are changed in slices, the newest first; what is created
        meanwhile is left alone. Where the answer is not `done`, send the same again with its `cursor`. Tasks that do
        not allow it are counted by the reason. To delete takes the role admin.
        """
        action = Action(body.action)
        if action is Action.DELETE:
            self.require(Scope.ADMIN)
        changed = await self._carry_out(action, body)
        if body.dry_run:
            self.outcome = None
        self.facts = {"applied": changed["applied"]}
        return changed

    async def _carry_out(self, action: Action, body: ChangeTasks) -> TasksChanged:
        """Do it, as far as one request goes, or only count."""
        after = self._place(body.cursor)
        if body.task_ids is not None:
            listed = list(dict.fromkeys(body.task_ids))
            return _counted(action, FoundIds(listed, None)) if body.dry_run else await self._change(action, listed)
        query = _allowing(self._query(body.q or ""), action)
        if query is None:
            return _counted(action, FoundIds([], None))
        if body.dry_run:
            found = await self.store.read(
                finder.find_ids, query, after, MOST_COUNTED, newest=True, seconds=COUNT_SECONDS
            )
            return _counted(action, found)
        return await self._change_found(action, query, after)

    async def _change_found(self, action: Action, query: Query, after: str | None) -> TasksChanged:
        """Do it to what is found, slice by slice, until the time is up."""
        time = asyncio.get_running_loop().time
        deadline = time() + REQUEST_SECONDS
        total, applied, refused = 0, 0, Counter[str]()
        while True:
            found = await self.store.read(finder.find_ids, query, after, SLICE, newest=True)
            carried = await self.store.write(commands.bulk.carry_out, action, found.task_ids)
            total += len(found.task_ids)
            applied += carried.applied
            refused += _by_code(carried)
            after = found.place
            if after is None or time() > deadline or self.is_over:
                return _changed(action, after, total, applied, refused)

    async def _change(self, action: Action, task_ids: Sequence[str]) -> TasksChanged:
        """Do it to all that are listed; they are few enough for one request."""
        applied, refused = 0, Counter[str]()
        for start in range(0, len(task_ids), SLICE):
            carried = await self.store.write(commands.bulk.carry_out, action, task_ids[start : start + SLICE])
            applied += carried.applied
            refused += _by_code(carried)
        return _changed(action, None, len(task_ids), applied, refused)

    def _query(self, text: str) -> Query:
        """Return what is looked for; nothing at all would mean every task there is."""
        query = query_of(text, "/q")
        if query == Query():
            detail = "name what is looked for; every task is status:new,processing,completed,error"
            raise Refusal(BAD_QUERY, f"The search is empty: {detail}.", errors=[{"pointer": "/q", "detail": detail}])
        return query

    def _place(self, cursor: str | None) -> str | None:
        try:
            return None if cursor is None else place_of(cursor)
        except ValueError as error:
            raise invalid([{"pointer": "/cursor", "detail": str(error)}]) from None


def _allowing(query: Query, action: Action) -> Query | None:
    """Return the query of the tasks that allow the action; None if there can be none.

    A retry means the tasks in ERROR, unless the query names a status.
    """
    wanted = query.statuses or ((Status.ERROR,) if action is Action.RETRY else action.statuses)
    statuses = tuple(status for status in wanted if status in action.statuses)
    return replace(query, statuses=statuses) if statuses else None


def _by_code(carried: Carried) -> Counter[str]:
    return Counter({DOMAIN_KINDS[reason].code: count for reason, count in carried.refused.items()})


def _counted(action: Action, found: FoundIds) -> TasksChanged:
    return {
        "action": action.value,
        "done": True,
        "cursor": None,
        "count": len(found.task_ids),
        "is_exact": found.place is None,
        "applied": 0,
        "refused": {},
        "task_ids": found.task_ids[:SHOWN],
    }


def _changed(action: Action, place: str | None, total: int, applied: int, refused: Counter[str]) -> TasksChanged:
    return {
        "action": action.value,
        "done": place is None,
        "cursor": None if place is None else cursor_of(place),
        "count": total,
        "is_exact": True,
        "applied": applied,
        "refused": dict(refused),
        "task_ids": [],
    }
