"""A handler, and the context that it is given."""

import math
import os
from collections.abc import Callable
from typing import Any

from waybill.delivery.spool import Parcel
from waybill.domain.names import one_line
from waybill_worker.runs.runs import Cancelled, Run

STAGE_CAP = 128
"""How many characters a stage's name may have."""


class Context:
    """A handler's view of its run; every method raises Cancelled after the run was lost, cancelled or timed out."""

    def __init__(self, run: Run, put: Callable[[Parcel], None]) -> None:
        """Take the run, and what takes its reports."""
        task = run.task or {}
        self._run = run
        self._put = put
        self._pid = os.getpid()
        self._name: str = task.get("name", "")
        self._attempt: int = task.get("attempt", 1)
        self._processing_time: int | None = task.get("processing_time")

    @property
    def task_id(self) -> str:
        """The task's id, the same in every attempt: a key for what must happen only once."""
        return self._run.task_id

    @property
    def run(self) -> int:
        """The number of this run: every later run of the task has a larger one."""
        return self._run.number

    @property
    def name(self) -> str:
        """The task's name, for people."""
        return self._name

    @property
    def attempt(self) -> int:
        """1 plus the retries."""
        return self._attempt

    @property
    def processing_time(self) -> int | None:
        """The task's `processing_time` in seconds; None if it has none."""
        return self._processing_time

    @property
    def cancelled(self) -> bool:
        """Whether the run was lost, cancelled or timed out, so that its result no longer counts."""
        return self._run.is_stopped

    def when_stopped(self, callback: Callable[[], object]) -> None:
        """Call `callback` in another thread once the run is lost, cancelled or timed out; it must be quick."""
        self._run.when_stopped(callback)

    def progress(self, value: float) -> None:
        """Report how much is done, from 0 to 1. Raises ValueError for another value."""
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"progress goes from 0 to 1, not {value!r}")
        self._say(progress=float(value))

    def stage(self, name: str) -> None:
        """Report the stage of the work that the handler has reached. Raises ValueError if `name` is no valid name."""
        if not isinstance(name, str) or not 0 < len(name) <= STAGE_CAP or not _is_one_line(name):
            raise ValueError(f"the name of a stage is one line of 1 to {STAGE_CAP} characters, not {name!r:.200}")
        self._say(stage=name)

    def metadata(self, **values: Any) -> None:
        """Report values, each JSON, which join the task's metadata key by key.

        Raises ValueError if a value is not JSON, and if the metadata would grow too large.
        """
        self._say(metadata=values)

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`. Raises Cancelled as soon as the run is lost, cancelled or timed out."""
        if self._run.sleep(seconds):
            raise Cancelled

    def _say(self, **said: Any) -> None:
        if os.getpid() != self._pid:
            raise RuntimeError(
                "a process that a handler starts cannot report: let it tell the handler, and the handler report"
            )
        self._put(self._run.say(**said))


def _is_one_line(text: str) -> bool:
    try:
        one_line(text)
    except ValueError:
        return False
    return True


Handler = Callable[[Context, Any], Any]
"""A function that runs tasks: it takes the context and the task's input, and returns the result; both are JSON."""
