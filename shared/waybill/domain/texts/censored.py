"""Texts about a run, such as errors and logs, without the secrets of its input."""

import json
from collections.abc import Collection, Iterator
from heapq import nlargest
from typing import Any

MASK = "***"
"""What is shown in place of a secret."""

SHORTEST = 4
"""Shorter values stay in texts: they stand in words that have nothing to do with them."""

MOST = 20
"""How many values are looked for, the longest ones."""


def without(secret: Collection[str], value: Any) -> Any:
    """Return a value with MASK in place of its fields with these names."""
    if not secret or not isinstance(value, dict):
        return value
    return {name: MASK if name in secret else one for name, one in value.items()}


def censored(text: str, secret: Collection[str], value: Any) -> str:
    """Return a text with MASK in place of the texts that the secret fields of an input hold."""
    if not secret or not isinstance(value, dict):
        return text
    hidden = {one for name in secret for one in _texts(value.get(name)) if len(one) >= SHORTEST}
    for one in nlargest(MOST, hidden, key=len):
        for written in {one, repr(one)[1:-1], json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1]}:
            text = text.replace(written, MASK)
    return text


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts and numbers of a value, as they would be printed."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield str(value)
