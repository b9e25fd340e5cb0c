"""The search box of the tasks: its text, its suggestions after an error, and the links of its filters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from waybill.domain.status import Status
from waybill_api.search.parser import QueryError, without
from waybill_api.search.query import Query

TASKS = "/admin/tasks/task/"


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that a click sets; `count` is None if the list shows only some of the tasks anyway."""

    title: str
    href: str
    is_set: bool
    status: Status | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error in a search: a sentence with its parts, and the search cut into before, wrong and behind."""

    sentence: str
    parts: Mapping[str, object]
    before: str
    wrong: str
    behind: str
    meant: tuple[str, ...]
    """Searches that the user may have meant."""


def address(q: str, cursor: str | None = None) -> str:
    """Return the address of a search."""
    said = {name: value for name, value in (("q", q), ("cursor", cursor)) if value}
    return f"{TASKS}?{urlencode(said)}" if said else TASKS


def chips(q: str, query: Query, counts: Mapping[Status, int]) -> Iterator[Chip]:
    """Yield the filters by status; each keeps the rest of the search."""
    rest = without(q, "status")
    is_all = not rest
    yield Chip("All", address(rest), not query.statuses, None, sum(counts.values()) if is_all else None)
    for status in Status:
        where = address(f"status:{status.name.lower()} {rest}".strip())
        yield Chip(status.name, where, query.statuses == (status,), status, counts[status] if is_all else None)


def complaint_of(q: str, error: QueryError) -> Complaint:
    """Return the error, with searches that the user may have meant."""
    start, end = error.position, error.position + error.length
    before, wrong, behind = q[:start], q[start:end], q[end:]
    value = wrong.partition(":")[2]
    meant = (f"{before}{one}{value if one.endswith(':') else ''}{behind}" for one in error.suggestions)
    return Complaint(error.sentence, error.parts, before, wrong, behind, tuple(meant))
