"""Versions of what people edit: an ETag that tells which fields have changed since, and the condition of a change.

The tag is `"WHOLE.MARKS"`: a digest of all fields, and after it a short mark for each field by name. The digest alone
decides; the marks only say which fields are other, so that nobody has to remember what a reader once saw.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from services.api.entity_tags import names_exactly
from shared.domain.errors import ChangedMeanwhile

DIGITS = 24
MARK = 4
"""Hexadecimal digits of the digest and of each mark."""

R = TypeVar("R")
Fields = Mapping[str, Any]
Condition = Callable[[R], None]
"""Raises ChangedMeanwhile for a record that is other than the one that somebody has seen."""


def etag_of(fields: Fields) -> str:
    """Return the ETag of a resource with these fields, JSON values each."""
    return f'"{_digest(fields)[:DIGITS]}.{"".join(_marks(fields))}"'


def unchanged(
    if_match: str | None, fields_of: Callable[[R], Fields], shown: Callable[[R], Fields] | None = None
) -> Condition[R] | None:
    """Return the condition that an `If-Match` makes, None without one.

    `fields_of` gives the fields of a record, `shown` those whose values may be seen, if not all may.
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
    """Return the names of the fields that are other than in the version that a header names; all if it is not ours."""
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
