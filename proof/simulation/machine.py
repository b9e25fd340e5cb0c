"""The virtual machine: it replaces what the product imports from the outside world."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from proof.simulation.child import Child
from proof.simulation.kernel import Kernel
from proof.simulation.network import Network, NetworkClient
from proof.simulation.process import Process
from proof.simulation.threads import Event, Secrets, SimpleQueue, Thread, Threading
from proof.simulation.truth import Truth
from waybill.delivery import delivery, leftovers, outage
from waybill.delivery.spool import Parcel, Spool
from waybill.host.lockfile import LockFile
from waybill.queue.queue import Queue
from waybill_api.store import store
from waybill_api.store.engine import clock, ids, write_ahead_log
from waybill_api.store.writing import writer
from waybill_api.upkeep import dispatcher, ticker, upkeep
from waybill_worker import adoption, consumer, dequeuer, heartbeat
from waybill_worker.handlers import registry
from waybill_worker.handlers.context import Handler
from waybill_worker.isolation import isolation
from waybill_worker.run_reporter import RunReporter
from waybill_worker.runner import runner, runner_threads
from waybill_worker.runs import runs, slots

THREADED = (
    adoption,
    consumer,
    delivery,
    dequeuer,
    heartbeat,
    isolation,
    outage,
    registry,
    runner,
    runner_threads,
    runs,
    slots,
)


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


class Machine:
    """The outside world of all processes."""

    def __init__(self, kernel: Kernel, network: Network, truth: Truth, handlers: Mapping[str, Handler]) -> None:
        """Take the parts."""
        self.kernel = kernel
        self.network = network
        self.truth = truth
        self.handlers = handlers
        self.bells: dict[Path, Bell] = {}

    def ring_all(self, directory: Path) -> None:
        """Ring every bell."""
        for bell in self.bells.values():
            bell.ring()

    def call(self, directory: Path, worker_id: str) -> None:
        """Call one worker."""
        if directory / worker_id in self.bells:
            self.bells[directory / worker_id].call()

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Make the product import this machine instead of the real one."""
        kernel = self.kernel
        secrets, time = Secrets(kernel), SimpleNamespace(monotonic=kernel.monotonic, time=kernel.time)
        with ExitStack() as stack:

            def put(owner: Any, **parts: Any) -> None:
                for name, part in parts.items():
                    stack.enter_context(patch.object(owner, name, part))

            for module in THREADED:
                put(module, threading=Threading(kernel))
            for module in (clock, dispatcher, ticker, write_ahead_log, writer):
                put(module, time=time)
            put(writer, SimpleQueue=lambda: SimpleQueue[Any](kernel))
            put(writer.Writer, **_as_thread(kernel))
            put(dispatcher, SimpleQueue=lambda: SimpleQueue[Any](kernel))
            put(dispatcher.Dispatcher, **_as_thread(kernel))
            put(ids, randbits=kernel.random.getrandbits)
            put(store, ThreadPoolExecutor=lambda *named: None)
            put(upkeep, ring_all=self.ring_all, call=self.call)
            put(dequeuer, secrets=secrets)
            put(leftovers, secrets=secrets, LockFile=lambda path: _Lock(path, kernel))
            put(runner_threads, Consumer=lambda huey, workers, **named: Consumer(kernel, huey, workers))
            put(
                consumer,
                SimpleQueue=lambda: SimpleQueue[Any](kernel),
                Client=lambda *named: NetworkClient(self.network, kernel),
                Child=lambda run: Child(kernel, self.truth, self.handlers, run),
                Doorbell=lambda path, on_call: Bell(kernel, self.bells, path, on_call),
                ring_all=self.ring_all,
                RunReporter=lambda *parts: _Reporter(self.truth, *parts),
                Spool=lambda path: _Spool(path, self.truth),
                Queue=lambda path: _Queue(path, kernel),
                installed_handlers=lambda named: self.handlers,
                Surroundings=lambda environment: _Surroundings(),
                end_orphans=lambda worker_id: None,
                Signals=lambda on_first: _Signals(kernel, on_first),
            )
            level = logging.root.manager.disable
            logging.disable(logging.CRITICAL)
            stack.callback(logging.disable, level)
            yield


def _as_thread(kernel: Kernel) -> dict[str, Any]:
    """Return the attributes that make a subclass of the real Thread a thread of the kernel."""
    threads: dict[int, Thread] = {}

    def start(self: Any) -> None:
        threads[id(self)] = Thread(kernel, self.run)
        threads[id(self)].start()

    return {"start": start, "is_alive": lambda self: id(self) in threads and threads[id(self)].is_alive()}


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
        kernel.process.locks.append(self._close)


class _Reporter(RunReporter):
    """A reporter whose final reports are noted."""

    def __init__(self, truth: Truth, *parts: Any) -> None:
        super().__init__(*parts)
        self._truth = truth

    def put(self, parcel: Parcel, **named: Any) -> None:
        self._truth.handed_over(parcel)
        super().put(parcel, **named)


class _Queue(Queue):
    """A queue that the end of the simulation closes."""

    def __init__(self, path: Path, kernel: Kernel) -> None:
        super().__init__(path)
        kernel.process.files.append(self.close)


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
