"""Wishes: operations that wait for the writer, and their answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from waybill_api.store.writing.unit import Unit

T = TypeVar("T")
Operation = Callable[[Unit], T]
"""A function that runs inside a transaction; it raises a WaybillError, or does all of its work."""


class Wish(NamedTuple):
    """An operation, the future of its answer, and the time of its submission (monotonic seconds)."""

    operation: Operation[Any]
    future: asyncio.Future[Any]
    since: float


class Settled(NamedTuple):
    """A wish that was done: its value or its error."""

    future: asyncio.Future[Any]
    value: Any
    error: BaseException | None


def answer(answers: Sequence[Settled]) -> None:
    """Resolve all futures with one wake-up of their loop; any thread may call."""
    if answers:
        loop = answers[0].future.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: Sequence[Settled]) -> None:
    for future, value, error in answers:
        if future.done():
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)
