"""The work beside the pages: tasks are created, and services report."""

import contextlib
import random
import threading
from collections.abc import Iterator

from benchmarks.client import Client
from benchmarks.growth.grown import Grown

PAUSE = 0.05
"""Seconds between two creates, and between two requests with reports."""

REPORTS = 5
SEED = 7


@contextlib.contextmanager
def at_work(grown: Grown, open_ids: list[str]) -> Iterator[None]:
    """Create and report until the end of the block, which raises the error of a call that fails."""
    over = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        chance = random.Random(SEED)  # noqa: S311  # to be repeated
        try:
            with Client(grown.port) as client:
                while not over.wait(PAUSE):
                    client.create(0)
                    client.report(grown.token, [_report(chance, open_ids) for _ in range(REPORTS)])
        except BaseException as error:  # noqa: BLE001 - the caller raises it again
            failed.append(error)

    thread = threading.Thread(target=work, name="background")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


def _report(chance: random.Random, open_ids: list[str]) -> dict[str, object]:
    return {"task_id": chance.choice(open_ids), "status": 2, "progress": chance.random(), "metadata": {"seen": "yes"}}
