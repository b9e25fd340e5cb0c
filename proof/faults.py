"""Inflicts the faults of a plan on a victim, each at its time."""

import threading
import time
from collections.abc import Callable, Iterable

from proof.journal import Journal
from proof.plan import ON_THE_WIRE, STOPS, Fault, FaultKind
from proof.supervisor import Supervisor
from proof.victim import Victim

Undo = Callable[[], None]

RECOVERY_SECONDS = 20.0


class Faults:
    """Begins each fault at its time, and ends it after its duration, even if others come in between."""

    def __init__(self, running: Victim, journal: Journal) -> None:
        """Take the victim."""
        self._running = running
        self._journal = journal

    def inflict(self, faults: Iterable[Fault]) -> None:
        """Inflict all faults, and return once the last has ended."""
        beginning = time.monotonic()
        lasting: list[threading.Timer] = []
        try:
            for fault in faults:
                time.sleep(max(0.0, beginning + fault.at - time.monotonic()))
                if fault.when_whole:
                    self._wait_until_whole()
                undo = self.begin(fault)
                if undo is not None:
                    lasting.append(threading.Timer(fault.seconds, undo))
                    lasting[-1].start()
            for timer in lasting:
                timer.join()
        finally:
            for timer in lasting:
                if timer.is_alive():
                    timer.cancel()

    def begin(self, fault: Fault) -> Undo | None:
        """Begin one fault now, and return the function that ends it; None if it does not last."""
        running, kind = self._running, fault.kind
        worker = running.workers[fault.worker % len(running.workers)]
        if kind in ON_THE_WIRE:
            return self._on_the_wire(kind)
        if kind in STOPS:
            service = running.api if kind is FaultKind.STOP_API else worker
            pid = service.stop()
            return lambda: service.go_on(pid)
        if kind is FaultKind.LOSE_WORKER:
            worker.stop()
            return None
        if kind is FaultKind.LOSE_MESSAGES:
            self._lose_messages(worker, fault.seconds)
            return None
        if kind is FaultKind.DELETE_QUEUE:
            running.delete_queue()
            self._journal.deed("delete", "queue")
            return None
        if kind is not FaultKind.KILL_WORKER:
            running.api.kill()
        if kind is FaultKind.KILL_WORKER:
            worker.kill()
        elif kind is FaultKind.KILL_BOTH:
            for one in running.workers:
                one.kill()
        return None

    def _lose_messages(self, worker: Supervisor, seconds: float) -> None:
        """Stop the workers until messages gather; let one worker take them, without a way to claim; kill it."""
        stopped = [(one, one.stop()) for one in self._running.workers]
        time.sleep(seconds / 2)
        # Stopping the API instead would not help: it would serve the claims in its socket later.
        self._running.proxy.is_cut = True
        self._journal.deed("begin", "wire", fault="cut")
        try:
            worker.go_on(dict(stopped)[worker])
            time.sleep(seconds / 2)
            worker.kill()
        finally:
            self._running.proxy.is_cut = False
            self._journal.deed("end", "wire", fault="cut")
            for one, pid in stopped:
                one.go_on(pid)

    def _wait_until_whole(self) -> None:
        """Wait until every service runs again, for RECOVERY_SECONDS at most."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while time.monotonic() < deadline and not self._running.is_whole:
            time.sleep(0.05)

    def _on_the_wire(self, kind: FaultKind) -> Undo:
        self._journal.deed("begin", "wire", fault=kind.value)
        self._running.proxy.begin(kind)

        def end() -> None:
            self._running.proxy.end(kind)
            self._journal.deed("end", "wire", fault=kind.value)

        return end
