"""The list of tasks."""

from waybill.domain.account import Role
from waybill.wire.timestamps import rfc3339
from waybill_api.admin.lengths import length
from waybill_api.admin.page import Page
from waybill_api.admin.search import address, chips, complaint_of
from waybill_api.handlers.parameters import Cursor, cursor_of
from waybill_api.http.operation import call
from waybill_api.search.parser import QueryError, parse
from waybill_api.search.query import Query
from waybill_api.store import tables
from waybill_api.store.finding import finder
from waybill_api.store.finding.finder import Found

AT_ONCE = 50


class TasksPage(Page):
    """All tasks, or those that a search finds, the newest first."""

    @call("tasks_page")
    async def get(self, q: str = "", cursor: Cursor = None) -> None:
        """Show a page of tasks; a search with an error is shown with that error."""
        q, complaint, query, found = q.strip(), None, Query(), Found([], None)
        try:
            query = parse(q)
            found = await self.store.read(finder.find, query, cursor, AT_ONCE, newest=True)
        except QueryError as error:
            complaint = complaint_of(q, error)
        now = self.store.clock.now()
        counts = self.store.statistics.course(now).counts
        await self.show(
            "tasks.html",
            "Tasks",
            q=q,
            complaint=complaint,
            chips=[] if complaint else list(chips(q, query, counts)),
            tasks=found.tasks,
            is_partial=found.is_partial,
            is_first=cursor is None,
            older=None if found.place is None else address(q, cursor_of(found.place)),
            address=address,
            types=[task_type.name for task_type in await self.store.read(tables.task_types.page)],
            may_act=self.session.role >= Role.OPERATOR,
            may_delete=self.session.role >= Role.ADMIN,
            origin=self.origin,
            length=length,
            rfc3339=rfc3339,
        )
