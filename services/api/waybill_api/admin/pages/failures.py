"""The page of failures: groups of tasks in ERROR with a common message."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from waybill.domain.account import Role
from waybill.wire.timestamps import rfc3339
from waybill_api.admin.page import Page
from waybill_api.admin.search import address as tasks_address
from waybill_api.handlers.failures import FailureCursor, cursor_of
from waybill_api.http.operation import call
from waybill_api.search.query import Query
from waybill_api.store import tables
from waybill_api.store.finding import finder
from waybill_api.store.tables.failures import Failure

FAILURES = "/admin/failures/"
AT_ONCE = 50
LONGEST_SAMPLE = 300
"""How many characters of a message are shown."""


class FailuresPage(Page):
    """Groups of failed tasks, the latest first."""

    @call("failures_page")
    async def get(self, type: str = "", cursor: FailureCursor = None) -> None:
        """Show a page of groups, of one type or of all."""
        found = await self.store.read(tables.failures.latest, type or None, cursor, AT_ONCE + 1)
        groups = found[:AT_ONCE]
        await self.show(
            "failures.html",
            "Failures",
            groups=groups,
            samples=await self._samples(groups),
            chosen=type,
            types=[task_type.name for task_type in await self.store.read(tables.task_types.page)],
            is_first=cursor is None,
            older=address(type, cursor_of(groups[-1].place)) if len(found) > AT_ONCE else None,
            address=address,
            tasks_address=tasks_address,
            may_act=self.session.role >= Role.OPERATOR,
            rfc3339=rfc3339,
        )

    async def _samples(self, groups: Iterable[Failure]) -> Mapping[str, str]:
        """Return the message of the task that was seen last, by its id, if it is still in ERROR."""
        ids = tuple(group.task_id for group in groups)
        if not ids:
            return {}
        found = await self.store.read(finder.find, Query(ids=ids), None, len(ids), newest=True)
        return {task.task_id: sample_of(task.error.message) for task in found.tasks if task.error is not None}


def address(type_name: str = "", cursor: str | None = None) -> str:
    """Return the address of the groups of a type, or of all."""
    said = {name: value for name, value in (("type", type_name), ("cursor", cursor)) if value}
    return f"{FAILURES}?{urlencode(said)}" if said else FAILURES


def sample_of(message: str | None) -> str:
    """Return the start of a message, which says what went wrong."""
    text = (message or "").strip()
    return text if len(text) <= LONGEST_SAMPLE else f"{text[:LONGEST_SAMPLE]}…"
