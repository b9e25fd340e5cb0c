"""A query: what a search text and filters mean, as a frozen record."""

from dataclasses import dataclass, replace
from typing import Any

from waybill.domain.status import ErrorCode, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which tasks are looked for: all that is named must hold, of several values one; empty is any.

    Times are milliseconds; `from` is inclusive, `to` is not.
    """

    statuses: tuple[Status, ...] = ()
    types: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    errors: tuple[ErrorCode, ...] = ()
    keys: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    """Fingerprints of errors."""
    workers: tuple[str, ...] = ()
    metadata: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Keys of the top level, each with the values that fit."""
    created_from: int | None = None
    created_to: int | None = None
    finished_from: int | None = None
    finished_to: int | None = None
    silent: bool | None = None
    """Whether they have fallen silent."""
    texts: tuple[str, ...] = ()
    """Words and phrases of the name, the external key or the error's message."""

    @property
    def asks_index(self) -> bool:
        """Whether it asks for what is known of tasks a moment later than the tasks themselves."""
        return bool(self.texts or self.metadata or self.failures)

    def narrowed(self, attribute: str, value: Any) -> "Query | None":
        """Return the query with this value as a further condition; None if both exclude each other."""
        if attribute == "silent":
            return replace(self, silent=value)
        values = getattr(self, attribute)
        if values and value not in values:
            return None
        change: dict[str, Any] = {attribute: (value,)}
        return replace(self, **change)

    def within(self, created_from: int | None, created_to: int | None) -> "Query":
        """Return what is looked for among tasks that were created in this time as well."""
        starts = [one for one in (self.created_from, created_from) if one is not None]
        ends = [one for one in (self.created_to, created_to) if one is not None]
        return replace(self, created_from=max(starts, default=None), created_to=min(ends, default=None))
