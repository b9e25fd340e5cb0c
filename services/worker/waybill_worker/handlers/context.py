"""What a handler is given, and what a handler is."""

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
    """A handler's view of its run; every method raises Cancelled once the run was lost, cancelled or timed out."""

    def __init__(self, run: Run, put: Callable[[Parcel], None]) -> None:
        """Take the run and where its reports go."""
        task = run.task or {}
        self._run = run
        self._put = put
        self._pid = os.getpid()
        self._name: str = task.get("name", "")
        self._attempt: int = task.get("attempt", 1)
        self._processing_time: int | None = task.get("processing_time")

    @property
    def task_id(self) -> str:
        """The task's id: the same for every attempt, and so a key for what must happen once."""
        return self._run.task_id

    @property
    def name(self) -> str:
        """The name that people gave the task."""
        return self._name

    @property
    def attempt(self) -> int:
        """1 plus the retries."""
        return self._attempt

    @property
    def processing_time(self) -> int | None:
        """How long the task shall take, in seconds, where that was said."""
        return self._processing_time

    @property
    def cancelled(self) -> bool:
        """Whether nothing that the handler does counts any more."""
        return self._run.is_stopped

    def progress(self, value: float) -> None:
        """Report how much is done, from 0 to 1. Raises ValueError outside of that."""
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"progress goes from 0 to 1, not {value!r}")
        self._say(progress=float(value))

    def stage(self, name: str) -> None:
        """Report which stage of its work the handler has come to. Raises ValueError if it is no name."""
        if not isinstance(name, str) or not 0 < len(name) <= STAGE_CAP or not _is_one_line(name):
            raise ValueError(f"the name of a stage is one line of 1 to {STAGE_CAP} characters, not {name!r:.200}")
        self._say(stage=name)

    def metadata(self, **values: Any) -> None:
        """Report values, each JSON, that join the task's metadata key by key.

        Raises ValueError for other values, and for more than a task may have.
        """
        self._say(metadata=values)

    def sleep(self, seconds: float) -> None:
        """Wait, interruptibly."""
        if self._run.sleep(seconds):
            raise Cancelled

    def _say(self, **said: Any) -> None:
        if os.getpid() != self._pid:
            raise RuntimeError("a process of a handler cannot report: let it tell the handler, and that report")
        self._put(self._run.say(**said))


def _is_one_line(text: str) -> bool:
    try:
        one_line(text)
    except ValueError:
        return False
    return True


Handler = Callable[[Context, Any], Any]
"""A function that runs tasks: it takes the context and the task's input and returns the result, both JSON."""
