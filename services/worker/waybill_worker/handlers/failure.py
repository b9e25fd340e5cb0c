"""The text of a handler's error, bounded, and safe even if the error's own methods fail."""

import inspect
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import waybill
import waybill_worker

OWN = tuple(str(Path(package.__path__[0])) + os.sep for package in (waybill, waybill_worker))
"""Where Waybill's own code is."""

MOST_FRAMES = 100
"""How many frames of a traceback are told, the last ones."""


def described(error: BaseException) -> str:
    """Return the class and the message of an error."""
    name = type.__dict__["__name__"].__get__(type(error))
    try:
        return f"{name}: {error}"
    except BaseException:  # noqa: BLE001  # even SystemExit is only what its method raises
        return str(name)


def traced(error: BaseException, handler: Callable[..., Any] | None = None) -> str:
    """Return the traceback of an error; that of a handler's error begins in the handler.

    It is empty if the handler is not in it: it was not called, or its result is at fault.
    """
    try:
        frames = error.__traceback__
        if handler is not None:
            frames = _within(frames, handler)
            if frames is None:
                return ""
        return "".join(traceback.format_exception(type(error), error, frames, limit=-MOST_FRAMES))
    except BaseException as other:  # noqa: BLE001  # an error may fail to be looked at
        return f"(no traceback: {type(other).__name__})"


def _within(frames: TracebackType | None, handler: Callable[..., Any]) -> TracebackType | None:
    """Return the frames from the handler's own on, or from the first one outside of Waybill."""
    code = getattr(inspect.unwrap(handler), "__code__", None)
    own = (one for one in _each(frames) if one.tb_frame.f_code is code)
    foreign = (one for one in _each(frames) if not one.tb_frame.f_code.co_filename.startswith(OWN))
    return next(own, None) or next(foreign, None)


def _each(frames: TracebackType | None) -> Iterator[TracebackType]:
    while frames is not None:
        yield frames
        frames = frames.tb_next


def place(error: BaseException) -> str:
    """Return where an error was raised, as ` (file, line 3)`; an empty text if that is unknown."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
