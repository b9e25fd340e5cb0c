"""The reports of a service while it works on data that it has received."""

from collections.abc import Callable, Mapping
from traceback import format_exception
from types import TracebackType
from typing import Any, Self

from waybill.domain.status import ErrorCode, Status
from waybill.encoding import bounded, detail_of

MOST_FRAMES = 100
"""How many frames of a traceback are reported, the last ones."""

Say = Callable[[int, Mapping[str, Any]], int]
"""Sends a report on the task of the data, with a number above the given one, and returns its number."""


class Received:
    """Sends reports on one piece of data, each numbered above the last one. Pass `seq` on with the data.

    Each method may wait for room. It raises ValueError if a value is not JSON or is too large, and Full and Closed as
    the reporter does. Leaving a `with` block sends nothing: a service that gives up on an exception calls `fail`.
    """

    def __init__(self, say: Say, seq: int) -> None:
        """Take what sends a report, and the highest number that came with the data."""
        self._say = say
        self._seq = seq

    @property
    def seq(self) -> int:
        """The number to pass on: that of the last report, or the one that came with the data."""
        return self._seq

    def stage(self, name: str) -> None:
        """Report the stage that the data has reached; the task is then PROCESSING."""
        self.say(status=Status.PROCESSING, stage=name)

    def progress(self, part: float) -> None:
        """Report how much of the work is done, from 0 to 1."""
        self.say(status=Status.PROCESSING, progress=part)

    def metadata(self, notes: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Report metadata by key."""
        self.say(metadata={**(notes or {}), **more})

    def complete(self, result: Any = None) -> None:
        """Report that the whole task is COMPLETED, with its result: any JSON."""
        self.say(status=Status.COMPLETED, result=result)

    def fail(self, error: BaseException | str) -> None:
        """Report that the whole task has failed, and why; the traceback of a raised error is its detail."""
        message = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        said = {"code": ErrorCode.FAILED, "message": bounded(message)}
        if isinstance(error, BaseException) and error.__traceback__ is not None:
            said["detail"] = detail_of("".join(format_exception(error, limit=-MOST_FRAMES)))
        self.say(status=Status.ERROR, error=said)

    def say(self, **said: Any) -> None:
        """Send one report with any fields that a report may have."""
        self._seq = self._say(self._seq, said)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None
