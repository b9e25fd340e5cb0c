"""Server-sent events: what a stream of the API says, message by message."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

EVENT_STREAM = "text/event-stream"

TIMEOUT = (3.05, 45.0)
"""Seconds to connect, and without a byte: a silent stream beats every 15 seconds."""


class Message(NamedTuple):
    """One message; without `data` it only says up to which event all was seen."""

    place: int | None
    """The number of the newest event that was seen."""
    kind: str
    """`message` for an event, `deleted` for a task that is gone."""
    data: dict[str, Any] | None


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """Yield the messages of a stream; a message that is cut off, or is no JSON object, is passed over."""
    said: dict[str, str] = {}
    for line in _lines(chunks):
        if line:
            field, _, value = line.partition(":")
            said[field] = value.removeprefix(" ")
        elif said:
            if (message := _message(said)) is not None:
                yield message
            said = {}


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")


def _message(said: dict[str, str]) -> Message | None:
    try:
        place = int(said["id"]) if "id" in said else None
        data = json.loads(said["data"]) if "data" in said else None
    except ValueError:
        return None
    return Message(place, said.get("event", "message"), data if isinstance(data, dict) else None)
