"""The conditional headers of RFC 9110: whether one names the current entity tag."""

import re
from typing import NamedTuple

ANY = "*"

ELEMENT = re.compile(r'[ \t]*(?:(W/)?("[!#-~\x80-\xff]*"))?[ \t]*(?:,|\Z)')
"""A tag of a list (sections 8.8.3 and 5.6.1): a comma inside quotes belongs to the tag, and an element may be empty."""


class _Tag(NamedTuple):
    opaque: str
    is_weak: bool


def names(header: str | None, etag: str) -> bool:
    """Return whether an `If-None-Match` names this ETag, by the weak comparison; `*` names any.

    A malformed header names none, so its sender gets the whole answer.
    """
    return _holds(header, etag, is_strong=False)


def names_exactly(header: str | None, etag: str) -> bool:
    """Return whether an `If-Match` names this ETag, by the strong comparison; `*` names any.

    A weak tag names none, and neither does a malformed header.
    """
    return _holds(header, etag, is_strong=True)


def _holds(header: str | None, etag: str, *, is_strong: bool) -> bool:
    if header is None:
        return False
    if header.strip(" \t") == ANY:
        return True
    (present,) = _tags(etag)
    if is_strong and present.is_weak:
        return False
    return any(tag.opaque == present.opaque and not (is_strong and tag.is_weak) for tag in _tags(header))


def _tags(header: str) -> list[_Tag]:
    """Return the tags of a list, none if it is malformed."""
    found: list[_Tag] = []
    place = 0
    while place < len(header):
        element = ELEMENT.match(header, place)
        if element is None:
            return []
        if element[2] is not None:
            found.append(_Tag(element[2], element[1] is not None))
        place = element.end()
    return found
