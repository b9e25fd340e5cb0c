"""The hand-off to Huey's consumer: it owns the runner threads, and gets granted runs from here."""

import logging
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from huey.api import Huey
from huey.api import Task as HueyTask
from huey.constants import EmptyData
from huey.storage import BaseStorage

from waybill_worker.runs.runs import Run


class Handoff(BaseStorage):  # type: ignore[misc]  # huey ships no types
    """A storage that stores nothing: a queue in memory from the dequeuer to the runners, one run to each."""

    blocking = True

    def __init__(self, name: str, runs: "SimpleQueue[Run | None]") -> None:
        """Take Huey's name for it and the queue; a None on the queue lets one runner end."""
        super().__init__(name)
        self._runs = runs

    def dequeue(self) -> Run | None:
        """Block until there is a run for this runner."""
        return self._runs.get()

    def read_schedule(self, ts: Any) -> list[bytes]:
        """Return nothing: the API knows when a run is due."""
        return []

    def peek_many(self, keys: Any) -> dict[str, Any]:
        """Return nothing: the API tells which tasks are cancelled."""
        return {}

    def pop_data(self, key: Any) -> Any:
        """Return no data: results are not kept here."""
        return EmptyData


class Execution(HueyTask):  # type: ignore[misc]
    """A granted run, as Huey sees it."""

    def __init__(self, run: Run, execute: Callable[[Run], None]) -> None:
        """Take the run and what executes it."""
        super().__init__(id=run.task_id)
        self._run = run
        self._run_it = execute

    def execute(self) -> None:
        """Execute the run, which reports its own end."""
        self._run_it(self._run)


class RunnerHuey(Huey):  # type: ignore[misc]
    """A Huey whose messages are granted runs."""

    def __init__(self, runs: "SimpleQueue[Run | None]", execute: Callable[[Run], None]) -> None:
        """Take the queue of granted runs and what executes one."""
        # Huey logs every task at INFO.
        logging.getLogger("huey").setLevel(logging.WARNING)
        super().__init__("waybill", results=False, storage_class=Handoff, runs=runs)
        self._execute_run = execute

    def deserialize_task(self, data: Run) -> Execution:
        """Make Huey's task of a run."""
        return Execution(data, self._execute_run)
