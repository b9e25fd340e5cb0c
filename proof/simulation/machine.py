"""The virtual machine: the outside world that is handed to the product in place of the real one."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from proof.simulation.child import Child
from proof.simulation.truth import Truth
from proof.simulation.virtual.kernel import Kernel
from proof.simulation.virtual.network import Network, NetworkClient
from proof.simulation.virtual.process import Process
from proof.simulation.virtual.threads import Condition, Event, Lock, SimpleQueue, Thread
from waybill.delivery.spool import Parcel, Spool
from waybill.host.lockfile import LockFile
from waybill.queue.opening import open_queue
from waybill.queue.queue import Queue
from waybill_worker.handlers.catalogue import Catalogue
from waybill_worker.handlers.context import Handler
from waybill_worker.outside import Outside
from waybill_worker.run_reporter import RunReporter


class Bell:
    """A doorbell without a FIFO."""

    def __init__(self, kernel: Kernel, bells: dict[Path, "Bell"], path: Path, on_call: Callable[[], None]) -> None:
        """Register the doorbell of a worker."""
        self._rung = Event(kernel)
        self._on_call = on_call
        self._is_called = False
        bells[path] = self

    def wait(self, timeout: float) -> bool:
        """Wait for a ring."""
        rung = self._rung.wait(timeout)
        self._rung.clear()
        if self._is_called:
            self._is_called = False
            self._on_call()
        return rung

    def ring(self) -> None:
        """Wake the owner."""
        self._rung.set()

    def call(self) -> None:
        """Let the owner beat."""
        self._is_called = True
        self._rung.set()

    def close(self) -> None:
        """Do nothing: no ring reaches it any more."""


class Consumer:
    """The part of Huey's consumer that a worker uses: threads that take a run and execute it."""

    def __init__(self, kernel: Kernel, huey: Any, workers: int) -> None:
        """Take the Huey and the number of threads."""
        self._kernel = kernel
        self._huey = huey
        self._workers = workers

    def start(self) -> None:
        """Start the threads."""
        for _ in range(self._workers):
            self._kernel.spawn(self._work)

    def stop(self) -> None:
        """Do nothing: a None on the queue ends a thread."""

    def check_worker_health(self) -> None:
        """Do nothing: the kernel watches the threads."""

    def _work(self) -> None:
        while (task := self._huey.dequeue()) is not None:
            task.execute()


def machine(
    kernel: Kernel,
    network: Network,
    truth: Truth,
    handlers: Mapping[str, Handler],
    declared: Mapping[str, Mapping[str, Any]],
) -> Outside:
    """Return the outside of all processes; `declared` is what the code of the workers says of its types."""
    bells: dict[Path, Bell] = {}

    def ring_all(directory: Path) -> None:
        for bell in bells.values():
            bell.ring()

    def call(directory: Path, worker_id: str) -> None:
        if directory / worker_id in bells:
            bells[directory / worker_id].call()

    # They look like what the product uses, but are of other types.
    parts: dict[str, Any] = {
        "monotonic": kernel.monotonic,
        "time": kernel.time,
        "token_hex": lambda size: kernel.random.randbytes(size).hex(),
        "randbits": kernel.random.getrandbits,
        "thread": partial(Thread, kernel),
        "event": partial(Event, kernel),
        "lock": partial(Lock, kernel),
        "condition": partial(Condition, kernel),
        "queue": partial(SimpleQueue[Any], kernel),
        "pool": lambda size, name: None,
        "lock_file": lambda path: _Lock(path, kernel),
        "doorbell": partial(Bell, kernel, bells),
        "ring_all": ring_all,
        "call": call,
        "client": lambda *named: NetworkClient(network, kernel),
        "spool": lambda path: _Spool(path, truth),
        "open_queue": partial(_opened, kernel),
        "reporter": partial(_Reporter, truth),
        "child": lambda run, sources: Child(kernel, truth, handlers, run, outside),
        "consumer": lambda huey, workers, **named: Consumer(kernel, huey, workers),
        "handlers": lambda sources, named: Catalogue(handlers, declared),
        "surroundings": lambda environment: _Surroundings(),
        "signals": partial(_Signals, kernel),
        "end_orphans": lambda worker_id: None,
    }
    outside: Outside = Outside(**parts)
    return outside


class _Signals:
    """The signals of a process of the machine."""

    def __init__(self, kernel: Kernel, on_first: Callable[[], None]) -> None:
        self._kernel = kernel
        self._on_first = on_first

    def take(self) -> None:
        self._kernel.process.on_signal = self._on_first

    def hold(self) -> None:
        pass


class _Surroundings:
    """The surroundings of a process; no handler here changes them."""

    def hold(self) -> None:
        pass

    def restore(self) -> None:
        pass


class _Lock(LockFile):
    """A lock file that the kernel lets go of when its process dies."""

    def __init__(self, path: Path, kernel: Kernel) -> None:
        super().__init__(path)
        kernel.process.locks.append(self.release)


class _Reporter(RunReporter):
    """A reporter whose final reports are noted."""

    def __init__(self, truth: Truth, *parts: Any) -> None:
        super().__init__(*parts)
        self._truth = truth

    def put(self, parcel: Parcel, **named: Any) -> None:
        self._truth.handed_over(parcel)
        super().put(parcel, **named)


def _opened(kernel: Kernel, url: str) -> Queue:
    """Open a queue that the end of the process closes."""
    queue = open_queue(url)
    kernel.process.files.append(queue.close)
    return queue


class _Spool(Spool):
    """A spool whose writes are noted."""

    def __init__(self, path: Path, truth: Truth) -> None:
        super().__init__(path)
        self._truth = truth
        truth.kernel.process.files.append(self.close)

    def append(self, parcels: Any) -> None:
        super().append(parcels)
        for parcel in parcels:
            self._truth.spooled(parcel)


def kill_own(kernel: Kernel) -> None:
    """Kill the process whose thread runs now; never returns."""
    process: Process = kernel.process
    process.kill()
    kernel.block()
