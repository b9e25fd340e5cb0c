"""The threads in which handlers run: Huey's consumer owns them, and lost ones are replaced."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from huey.consumer import Consumer

from waybill.host.world import REAL, World
from waybill_worker.runner.handoff import RunnerHuey
from waybill_worker.runner.runner import Runner
from waybill_worker.runs.runs import Run

logger = logging.getLogger(__name__)

STACK = 1_048_576
"""Bytes of address space for a runner's stack; with the usual 8 MiB, 600 threads look like a leak."""


class RunnerThreads:
    """One thread for each slot, which executes one granted run after the other."""

    def __init__(
        self, granted: "SimpleQueue[Run | None]", runner: Runner, count: int, world: World = REAL, owner: Any = Consumer
    ) -> None:
        """Take the queue of granted runs, their runner, the number of threads, and the class that owns them."""
        self._thread = world.thread
        self._granted = granted
        self._runner = runner
        self._count = count
        self._consumer = owner(RunnerHuey(granted, runner.run), workers=count, periodic=False, scheduler_interval=60)

    def start(self) -> None:
        """Start all threads. Raises RuntimeError if the system does not allow `count` of them."""
        with _stack_size(STACK):
            self._consumer.start()

    def look_after(self) -> None:
        """Restart threads that have died."""
        self._consumer.check_worker_health()

    def replace(self) -> None:
        """Start a thread to replace one with a handler that does not return."""
        try:
            with _stack_size(STACK):
                self._thread(target=self._work, name="runner", daemon=True).start()
        except RuntimeError as error:
            logger.warning("A thread whose handler does not return cannot be replaced: %s", error)

    def stop(self) -> None:
        """Let each thread end once it is free."""
        self._consumer.stop()
        for _ in range(self._count + self._runner.abandoned):
            self._granted.put(None)

    def _work(self) -> None:
        while (run := self._granted.get()) is not None:
            self._runner.run(run)


@contextmanager
def _stack_size(size: int) -> Iterator[None]:
    before = threading.stack_size(size)
    try:
        yield
    finally:
        threading.stack_size(before)
