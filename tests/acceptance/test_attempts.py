"""The next attempt begins soon after the worker has left the previous one, however that ended."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, wait_until
from throwaway.handlers import offer

HANDLERS = """
import os
import time


def slow(context, log):
    def note(what):
        file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{what} {context.attempt}\\n".encode())
        os.close(file)

    note("begins")
    try:
        context.sleep(60)
    finally:
        # What it takes to put things in order.
        time.sleep(0.7)
        note("leaves")
"""


@pytest.fixture
def log(install: Callable[..., Instance], tmp_path: Path) -> Callable[[], list[str]]:
    """Return a function that reads what the handler has noted."""
    return lambda: (tmp_path / "log").read_text().splitlines() if (tmp_path / "log").exists() else []


def started(install: Callable[..., Instance], workers: int) -> Instance:
    instance = install()
    offer(instance.handlers, {"slow": "slow_handlers:slow"}, slow_handlers=HANDLERS)
    instance.start_api()
    for _ in range(workers):
        instance.start_worker()
    types = (
        {"name": "slow", "handler": "slow", "processing_time": 60},
        {"name": "brief", "handler": "slow", "processing_time": 60, "timeout": 1, "max_attempts": 3, "min_backoff": 0},
    )
    for one in types:
        assert instance.post("/task-types", one | {"max_backoff": 0 if "timeout" in one else 1}).status_code == 201
    return instance


@pytest.mark.parametrize("workers", [1, 2])
def test_a_retry_after_a_cancellation_waits_until_the_cancelled_attempt_was_left(
    install: Callable[..., Instance], tmp_path: Path, log: Callable[[], list[str]], workers: int
) -> None:
    instance = started(install, workers)
    answer = instance.post("/tasks", {"name": "n", "type": "slow", "input": str(tmp_path / "log")})
    task_id = answer.json()["task_id"]
    for attempt in (1, 2, 3):
        wait_until(lambda attempt=attempt: f"begins {attempt}" in log(), f"attempt {attempt}")  # type: ignore[misc]
        assert instance.post(f"/tasks/{task_id}/cancel", {}).status_code == 200
        assert instance.post(f"/tasks/{task_id}/retry", {}).status_code == 200
    wait_until(lambda: "begins 4" in log(), "the last attempt")
    assert log() == [f"{what} {attempt}" for attempt in (1, 2, 3) for what in ("begins", "leaves")] + ["begins 4"]


def test_a_retry_after_a_time_out_waits_as_well(
    install: Callable[..., Instance], tmp_path: Path, log: Callable[[], list[str]]
) -> None:
    instance = started(install, 2)
    answer = instance.post("/tasks", {"name": "n", "type": "brief", "input": str(tmp_path / "log")})
    tasks = instance.ended([answer.json()["task_id"]])
    assert [task["error"]["code"] for task in tasks.values()] == ["timeout"]
    wait_until(lambda: "leaves 3" in log(), "the end of the last attempt")
    assert log() == [f"{what} {attempt}" for attempt in (1, 2, 3) for what in ("begins", "leaves")]
