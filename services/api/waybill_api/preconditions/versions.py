"""Versions of editable resources: an ETag that shows which fields have changed, and the condition of a change.

The tag is `"WHOLE.MARKS"`: a digest of all fields, then a short mark for each field, sorted by name. Only the digest
decides; the marks show which fields differ, so that the API need not store what a client has read.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from waybill.domain.errors import ChangedMeanwhile
from waybill_api.preconditions.entity_tags import names_exactly

DIGITS = 24
MARK = 4
"""Hexadecimal digits of the digest and of each mark."""

R = TypeVar("R")
Fields = Mapping[str, Any]
Condition = Callable[[R], None]
"""Raises ChangedMeanwhile if a record differs from the one that the client has read."""


def etag_of(fields: Fields) -> str:
    """Return the ETag of a resource with these fields, which are JSON values."""
    return f'"{_digest(fields)[:DIGITS]}.{"".join(_marks(fields))}"'


def unchanged(
    if_match: str | None, fields_of: Callable[[R], Fields], shown: Callable[[R], Fields] | None = None
) -> Condition[R] | None:
    """Return the condition of an `If-Match` header, None without one.

    `fields_of` returns the fields of a record; `shown` returns those that may be shown, by default all.
    """
    if if_match is None:
        return None

    def check(record: R) -> None:
        fields = fields_of(record)
        etag = etag_of(fields)
        if not names_exactly(if_match, etag):
            seen = (shown or fields_of)(record)
            raise ChangedMeanwhile(etag=etag, differs={name: seen.get(name) for name in _changed(if_match, fields)})

    return check


def _changed(if_match: str, fields: Fields) -> list[str]:
    """Return the names of the fields that differ from the version in a header; all if the header is not ours."""
    seen = if_match.strip().strip('"').partition(".")[2]
    marks = _marks(fields)
    if len(seen) != MARK * len(marks):
        return sorted(fields)
    parts = (seen[place : place + MARK] for place in range(0, len(seen), MARK))
    return [name for name, mark, part in zip(sorted(fields), marks, parts, strict=True) if mark != part]


def _marks(fields: Fields) -> list[str]:
    return [_digest([name, fields[name]])[:MARK] for name in sorted(fields)]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
