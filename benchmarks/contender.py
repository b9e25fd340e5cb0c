"""The servers that are measured, each in processes of its own with a fresh data directory."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.client import Client, poll
from throwaway.installation import Installation
from throwaway.port import answers, free_port
from throwaway.process import Process, environment, module, running

NAIVE_THREADS = 16
START_SECONDS = 30.0
POLL_SECONDS = 0.005
"""Seconds between two looks at a task of a contender without long polls."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that takes `POST /tasks` on a port of this machine."""

    name: str
    port: int
    interval: float | None
    """Seconds between two looks at a task; None if the server has `?wait`."""


Start = Callable[[Path], contextlib.AbstractContextManager[Contender]]
"""Starts a contender in a folder below the given one, and yields it once it serves."""


@contextlib.contextmanager
def noop(parent: Path) -> Iterator[Contender]:
    """Start the ceiling."""
    with _folder(parent) as folder:
        port = free_port()
        with running(module("benchmarks.noop", str(port)), folder / "noop.log", environment(folder)) as api:
            # It takes only a POST, so that Tornado refuses a GET.
            api.wait_until(partial(answers, port, "/tasks", 405))
            yield Contender("noop", port, None)


@contextlib.contextmanager
def waybill_api(parent: Path) -> Iterator[Contender]:
    """Start Waybill's API with its default settings, and no worker."""
    with _folder(parent) as folder:
        waybill = Installation(folder)
        with waybill.run_api():
            yield Contender("Waybill", waybill.port, None)


@contextlib.contextmanager
def waybill(parent: Path) -> Iterator[Contender]:
    """Start Waybill's API and one worker with their default settings."""
    with _folder(parent) as folder:
        waybill = Installation(folder)
        with waybill.run_api(), waybill.run_worker() as worker:
            contender = Contender("Waybill", waybill.port, None)
            _warm_up(contender, worker)
            yield contender


@contextlib.contextmanager
def naive(parent: Path) -> Iterator[Contender]:
    """Start the naive API and its worker."""
    with _folder(parent) as folder:
        port = free_port()
        settings = {"NAIVE_DATA_DIR": str(folder), "NAIVE_URL": f"http://127.0.0.1:{port}", "NO_PROXY": "*"}
        variables = environment(folder) | settings
        consumer = ["benchmarks.naive.worker.huey", "--workers", str(NAIVE_THREADS), "--worker-type", "thread"]
        consumer = module("huey.bin.huey_consumer", *consumer, "--quiet")
        with running(module("benchmarks.naive.api", str(port)), folder / "naive.log", variables) as api:
            api.wait_until(partial(answers, port, "/tasks"))
            with running(consumer, folder / "consumer.log", variables) as worker:
                contender = Contender("naive", port, POLL_SECONDS)
                _warm_up(contender, worker)
                yield contender


@contextlib.contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        yield Path(folder)


def _warm_up(contender: Contender, worker: Process) -> None:
    """Run one task first, so that nothing is measured while the worker still starts."""
    with Client(contender.port) as client:
        path = f"/tasks/{client.create(0)}"

        def has_ended() -> bool:
            worker.check()
            return bool(client.get(path)["status"] == 3)

        poll(has_ended, 0.02, f"{worker.log.stem} to run a task", START_SECONDS)
