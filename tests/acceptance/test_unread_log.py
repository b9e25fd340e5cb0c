"""The services keep their promises while their output is not read, or cannot be read."""

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, Service, wait_until

SOON = 20.0
"""Seconds, far less than what a log that is waited for would take, which is for ever."""

DISCARDED = pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-", "| true", ">/dev/full 2>&1"])


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """Return a full pipe that is not read."""
    path = tmp_path / "full"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    size = fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)
    os.write(descriptor, b"\n" * size)
    yield path
    os.close(descriptor)


def start(instance: Instance, service: str, redirection: str, **settings: str) -> Service:
    """Start a service through a shell that redirects what it prints."""
    command = f'"$0" -m waybill_{service} {redirection}'
    exec_it = "" if "|" in redirection else "exec "
    return instance.start(service, "/bin/sh", "-c", exec_it + command, sys.executable, **settings)


def serves(instance: Instance) -> bool:
    return instance.session.get(f"{instance.url}/readyz", timeout=(5, 5)).ok


def test_runs_end_in_time_and_everything_is_served_while_nobody_reads_the_log(instance: Instance, full: Path) -> None:
    api = start(instance, "api", f">{full} 2>&1", log_level="debug")
    wait_until(lambda: serves(instance), "an API that serves")
    worker = start(instance, "worker", f">{full} 2>&1", log_level="debug")
    changed = instance.session.patch(f"{instance.url}/task-types/sleep", json={"timeout": 3}, headers=instance.admin())
    assert changed.ok, changed.text
    late, *others = [instance.create(60), *instance.create_many(20, processing_time=0)]
    ended = instance.ended([late, *others])
    assert (ended[late]["status"], ended[late]["error"]["code"]) == (4, "timeout")
    assert {ended[task_id]["status"] for task_id in others} == {3}
    assert worker.stop(signal.SIGTERM, SOON) == 0
    assert api.stop(signal.SIGTERM, SOON) == 0


@DISCARDED
def test_services_serve_on_though_nothing_that_they_print_can_be_written(instance: Instance, redirection: str) -> None:
    api = start(instance, "api", redirection, log_level="debug")
    wait_until(lambda: serves(instance), "an API that serves")
    worker = start(instance, "worker", redirection, log_level="debug")
    task_id = instance.create(0)
    assert instance.ended([task_id])[task_id]["status"] == 3
    assert api.is_running
    assert worker.is_running
    assert "Traceback" not in api.read() + worker.read()
