"""Services whose queue is a server: whatever that server does, they serve, and every task ends."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests import needs
from tests.acceptance.instance import Instance, wait_until
from throwaway import cluster, redis_server

WAITS = "no message can be sent; retrying"
GOES_ON = "messages are sent again"


class Server(Protocol):
    """What the tests need of a server."""

    url: str

    @property
    def pid(self) -> int:
        """The id of its process."""

    def start(self) -> object:
        """Start it."""

    def lose(self) -> None:
        """End it as a crash does, so that it comes back empty."""

    def end(self) -> None:
        """End it."""


class Redis(redis_server.RedisServer):
    """Redis, which keeps nothing."""

    def lose(self) -> None:
        self.end(signal.SIGKILL)


class Postgresql(cluster.Cluster):
    """PostgreSQL, whose queue a crash empties."""

    def lose(self) -> None:
        self.crash()


@pytest.fixture(params=["redis", "postgresql"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Return a server that is not started yet."""
    needs.require_server((redis_server if request.param == "redis" else cluster).missing())
    with tempfile.TemporaryDirectory(prefix="waybill-queue-", dir=cluster.TOP) as folder:
        made: Server = Redis(Path(folder)) if request.param == "redis" else Postgresql(Path(folder))
        yield made
        made.end()


def test_all_tasks_end_though_the_queue_is_away_at_first_frozen_then_and_lost_in_the_middle(
    instance: Instance, server: Server
) -> None:
    settings = {"queue_url": server.url}
    api = instance.start_api(**settings)
    # As on another machine: all that it shares is its token.
    elsewhere = instance.folder / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    shutil.copy(instance.data / "worker.token", elsewhere)
    worker = instance.start_worker(worker_slots="20", reserved_slots="0", data_dir=str(elsewhere), **settings)
    task_ids = instance.create_many(80, processing_time=1)
    wait_until(lambda: "The queue is unavailable; retrying" in worker.read(), "a worker that says so")
    wait_until(lambda: WAITS in api.read(), "an API that says so")
    server.start()
    wait_until(lambda: instance.count(2) >= 20, "busy slots")
    assert api.read().count(WAITS) == worker.read().count("The queue is unavailable") == 1, "once"

    os.kill(server.pid, signal.SIGSTOP)
    task_ids += [instance.create(0) for _ in range(5)]
    assert instance.count(1) >= 20
    os.kill(server.pid, signal.SIGCONT)
    server.lose()
    server.start()
    tasks = instance.ended(task_ids)
    assert {(task["status"], task["attempt"], task["crashes"]) for task in tasks.values()} == {(3, 1, 0)}
    assert GOES_ON in api.read()

    os.kill(server.pid, signal.SIGSTOP)
    instance.create(0)
    assert worker.stop() == 0
    assert api.stop() == 0
    os.kill(server.pid, signal.SIGCONT)
    assert "Traceback" not in api.read() + worker.read()
    assert not instance.data.joinpath("queue.db").exists()
