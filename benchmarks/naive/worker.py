"""The worker: `huey_consumer benchmarks.naive.worker.huey --workers 16 --worker-type thread`."""

import os
import time
from pathlib import Path

import requests
from huey import SqliteHuey

from benchmarks.naive.status import COMPLETED, ERROR, PROCESSING

API = os.environ["NAIVE_URL"]

huey = SqliteHuey(filename=str(Path(os.environ["NAIVE_DATA_DIR"], "queue.db")))


def set_status(task_id: str, status: int) -> None:
    """Tell the API."""
    requests.patch(f"{API}/tasks/{task_id}", json={"status": status}, timeout=30).raise_for_status()


@huey.task()  # type: ignore[untyped-decorator]
def run(task_id: str, processing_time: int) -> None:
    """Run a task."""
    set_status(task_id, PROCESSING)
    time.sleep(processing_time)
    set_status(task_id, ERROR if processing_time == 13 else COMPLETED)
