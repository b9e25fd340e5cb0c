"""What can be said about a task, as JSON, and how it is compared."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

NEW, PROCESSING, COMPLETED, ERROR = 1, 2, 3, 4
STATUS_NAMES = {NEW: "NEW", PROCESSING: "PROCESSING", COMPLETED: "COMPLETED", ERROR: "ERROR"}
ENDS = (COMPLETED, ERROR)
NO_ERROR_SAID = {"code": "failed", "message": ""}


class _Long(str):
    """A text that is short in the story of a failed example."""

    def __repr__(self) -> str:
        return "BIG"


BIG = _Long("x" * 40_000)
"""Two of these do not fit into the metadata of a task, one does."""

Said = Mapping[str, Any]
"""A report, as it is sent."""


class Write(NamedTuple):
    """A value of a register, by its place in the order that decides which of two is newer."""

    run: int
    seq: int
    source: str
    text: str
    """The value as JSON: 1, 1.0 and true are three values."""

    @property
    def place(self) -> tuple[int, int, str]:
        return self.run, self.seq, self.source


def same_json(one: Any, other: Any) -> bool:
    """Whether two values are one JSON text: to Python, 1 also equals true and 1.0."""
    return text_of(one) == text_of(other)


def text_of(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def registers(said: Said) -> Iterator[tuple[str, Any]]:
    """Yield what a report writes: stage, progress, each key of the metadata."""
    for register in ("stage", "progress"):
        if register in said:
            yield register, said[register]
    for key, value in said.get("metadata", {}).items():
        yield f"metadata/{key}", value


def ending(said: Said) -> tuple[Any, Any]:
    """Return the result and the error that a final report leaves."""
    if said["status"] == COMPLETED:
        return said.get("result"), None
    return None, NO_ERROR_SAID | said.get("error", {})


def timestamp(milliseconds: int | None) -> str | None:
    """Write a time as the API does."""
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"
