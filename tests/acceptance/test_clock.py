"""Wall clocks that jump by an hour: nobody is taken for dead, and nothing waits for the hour to pass."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, wait_until
from throwaway.clone import PYTHONPATH

pytestmark = pytest.mark.slow

MOVED = """
import time

right = time.time
time.time = lambda: right() + float(open({path!r}).read())
time.time_ns = lambda: int(time.time() * 1e9)
"""
"""The start of a process whose wall clock stands where a file says; its monotonic clock and its waits are untouched."""


class Clock:
    """A wall clock that a process sees, and that can be moved."""

    def __init__(self, folder: Path) -> None:
        """Begin with the right time; the folder is made and holds the clock."""
        folder.mkdir()
        self._folder = folder
        self._offset = folder / "offset"
        self.move(0)
        (folder / "sitecustomize.py").write_text(MOVED.format(path=str(self._offset)))

    def move(self, seconds: int) -> None:
        """Put it that far before or after the right time."""
        beside = self._offset.with_suffix(".new")
        beside.write_text(str(seconds))
        beside.replace(self._offset)

    @property
    def prefix(self) -> list[str]:
        """The beginning of a command whose process sees this clock."""
        return ["env", f"PYTHONPATH={self._folder}{os.pathsep}{PYTHONPATH}"]


@pytest.mark.parametrize("first", [3_600, -3_600])
def test_a_wall_clock_that_jumps_expires_nobody_and_holds_nothing_up(instance: Instance, first: int) -> None:
    apis, workers = Clock(instance.folder / "api-clock"), Clock(instance.folder / "worker-clock")
    instance.start_api(*apis.prefix)
    worker = instance.start("worker", *workers.prefix, sys.executable, "-m", "waybill_worker")
    retried = {"name": "retried", "handler": "sleep", "processing_time": 13, "max_attempts": 2, "min_backoff": 4}
    instance.post("/task-types", retried).raise_for_status()
    unlucky = instance.post("/tasks", {"name": "fails twice", "type": "retried"}).json()["task_id"]
    task_ids = instance.create_many(20, processing_time=15)
    wait_until(lambda: instance.count(2) == 21, "21 running tasks")
    apis.move(first)
    workers.move(-first)
    wait_until(lambda: instance.task(unlucky)["attempt"] == 2, "a second attempt, which is due later")
    apis.move(-first)
    workers.move(first)
    tasks = instance.ended([*task_ids, unlucky])
    failed = tasks.pop(unlucky)
    assert (failed["error"]["code"], failed["attempt"], failed["crashes"]) == ("failed", 2, 0)
    assert {(task["status"], task["run"], task["crashes"]) for task in tasks.values()} == {(3, 1, 0)}
    assert datetime.fromisoformat(failed["finished_at"]) > datetime.now(UTC) + timedelta(minutes=50)
    (later,) = instance.ended([instance.create(0)]).values()
    assert later["created_at"] >= failed["created_at"]
    assert worker.is_running
