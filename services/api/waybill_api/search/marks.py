"""Metadata as words of an index: a mark stands for one value of one key."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

MOST = 50
"""How many keys of a task can be searched by."""

LONGEST = 256
"""How many characters a value may have to be searched by."""


def mark(key: str, value: str) -> str:
    """Return the word for a value as it is typed; case does not matter in it."""
    return "m" + blake2b(f"{key}\0{value.casefold()}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def marks_of(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words for the plain values at the top level of a task's metadata."""
    for key, value in list(metadata.items())[:MOST]:
        text = _written(value)
        if text is not None and len(text) <= LONGEST:
            yield mark(key, text)


def _written(value: Any) -> str | None:
    """Return a plain value as it would be typed; None for objects and arrays."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:.15g}" if isinstance(value, float) else str(value) if isinstance(value, int) else None
