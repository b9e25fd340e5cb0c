"""Those who are measured, each as processes of its own on a fresh data directory."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import Client, poll
from benchmarks.process import BenchError, Process, running
from waybill.host.port import free_port

NAIVE_THREADS = 16
START_SECONDS = 30.0
POLL_SECONDS = 0.005
"""How often a contender without long polls is asked."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that takes `POST /tasks` on a port of this machine."""

    name: str
    port: int
    interval: float | None
    """Seconds between looks at a task that is waited for; None where the server has `?wait`."""


Start = Callable[[Path], contextlib.AbstractContextManager[Contender]]
"""Starts a contender in a folder below the given one, and yields it once it serves."""


@contextlib.contextmanager
def noop(parent: Path) -> Iterator[Contender]:
    """Start the ceiling."""
    port = free_port()
    with _folder(parent) as folder, running("benchmarks.noop", [str(port)], folder, {}) as api:
        wait_until_it_serves(api, port, lambda client: client.create(0))
        yield Contender("noop", port, None)


@contextlib.contextmanager
def waybill_api(parent: Path) -> Iterator[Contender]:
    """Start Waybill's API with its default settings, and no worker."""
    with _folder(parent) as folder:
        port = free_port()
        settings = {"WAYBILL_PORT": str(port), "WAYBILL_DATA_DIR": str(folder / "data")}
        with running("waybill_api", [], folder, settings) as api:
            wait_until_it_serves(api, port, lambda client: client.get("/readyz"))
            yield Contender("Waybill", port, None)


@contextlib.contextmanager
def waybill(parent: Path) -> Iterator[Contender]:
    """Start Waybill's API and one worker with their default settings."""
    with _folder(parent) as folder:
        port = free_port()
        settings = {"WAYBILL_PORT": str(port), "WAYBILL_DATA_DIR": str(folder / "data")}
        with running("waybill_api", [], folder, settings) as api:
            wait_until_it_serves(api, port, lambda client: client.get("/readyz"))
            with running("waybill_worker", [], folder, settings) as worker:
                contender = Contender("Waybill", port, None)
                _warm_up(contender, worker)
                yield contender


@contextlib.contextmanager
def naive(parent: Path) -> Iterator[Contender]:
    """Start the naive API and its worker."""
    with _folder(parent) as folder:
        port = free_port()
        settings = {"NAIVE_DATA_DIR": str(folder), "NAIVE_URL": f"http://127.0.0.1:{port}"}
        consumer = ["benchmarks.naive.worker.huey", "--workers", str(NAIVE_THREADS), "--worker-type", "thread"]
        with running("benchmarks.naive.api", [str(port)], folder, settings) as api:
            wait_until_it_serves(api, port, lambda client: client.get("/tasks"))
            with running("huey.bin.huey_consumer", [*consumer, "--quiet"], folder, settings) as worker:
                contender = Contender("naive", port, POLL_SECONDS)
                _warm_up(contender, worker)
                yield contender


@contextlib.contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        yield Path(folder)


def wait_until_it_serves(api: Process, port: int, ask: Callable[[Client], object]) -> None:
    """Return once a server answers what is asked. Raises BenchError where it has ended, or takes too long."""

    def serves() -> bool:
        api.check()
        try:
            with Client(port) as client:
                ask(client)
        except BenchError:
            return False
        return True

    poll(serves, 0.05, f"{api.module} to serve", START_SECONDS)


def _warm_up(contender: Contender, worker: Process) -> None:
    """Have one task run, so that nobody is measured while it still starts."""
    with Client(contender.port) as client:
        path = f"/tasks/{client.create(0)}"

        def has_ended() -> bool:
            worker.check()
            return bool(client.get(path)["status"] == 3)

        poll(has_ended, 0.02, f"{worker.module} to run a task", START_SECONDS)
