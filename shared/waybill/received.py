"""What a service says while it works on data that it has received."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from waybill.domain.status import ErrorCode, Status
from waybill.encoding import bounded

Say = Callable[[int, Mapping[str, Any]], int]
"""Send a report on the data's task, numbered above a received seq, and return its number."""


class Received:
    """The reports on one piece of data, each numbered above what came with it; pass `seq` on with the data.

    Each method may wait for room, and raises ValueError for what is not JSON or too large, Full and Closed as the
    reporter does. Leaving a `with` block says nothing: a service that gives up on an exception says `fail`.
    """

    def __init__(self, say: Say, seq: int) -> None:
        """Take how to send, and the highest number that came with the data."""
        self._say = say
        self._seq = seq

    @property
    def seq(self) -> int:
        """The number to pass on: that of the last report, before the first one what came with the data."""
        return self._seq

    def stage(self, name: str) -> None:
        """Say which stage the data has reached; the task is then being processed."""
        self.say(status=Status.PROCESSING, stage=name)

    def progress(self, part: float) -> None:
        """Say how much of the work is done, from 0 to 1."""
        self.say(status=Status.PROCESSING, progress=part)

    def metadata(self, notes: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Note values by key."""
        self.say(metadata={**(notes or {}), **more})

    def complete(self, result: Any = None) -> None:
        """Say that the whole task is done, with its result: any JSON."""
        self.say(status=Status.COMPLETED, result=result)

    def fail(self, error: BaseException | str) -> None:
        """Say that the whole task has failed, and why."""
        message = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        self.say(status=Status.ERROR, error={"code": ErrorCode.FAILED, "message": bounded(message)})

    def say(self, **said: Any) -> None:
        """Send a report with any fields that a report may have, in one."""
        self._seq = self._say(self._seq, said)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None
