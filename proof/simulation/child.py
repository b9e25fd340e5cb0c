"""An isolated process for one run, on the virtual machine: it dies with its worker, or alone."""

import json
import queue
import signal
from collections.abc import Mapping
from typing import Any

from proof.simulation.truth import Truth
from proof.simulation.virtual.kernel import Kernel
from proof.simulation.virtual.process import Process
from proof.simulation.virtual.threads import SimpleQueue
from waybill.delivery.spool import Parcel
from waybill.host.world import World
from waybill.queue.message import Message
from waybill_worker.handlers.context import Handler
from waybill_worker.runner.runner import Runner
from waybill_worker.runs.runs import Run
from waybill_worker.runs.slots import Slots

STARTS = 0.2
"""Seconds that an interpreter takes to start."""


class Child:
    """Stands for `waybill_worker.isolation.child.Child`; the code that runs in it is the product's own."""

    def __init__(self, kernel: Kernel, truth: Truth, handlers: Mapping[str, Handler], run: Run, world: World) -> None:
        """Start it for a run, as a child of the process that runs now."""
        self._kernel = kernel
        self._handlers = handlers
        self._world = world
        self._heard: SimpleQueue[dict[str, Any] | None] = SimpleQueue(kernel)
        self._is_over = False
        # A channel sends copies.
        self._run = Run(Message(run.task_id, run.number), "", "", kernel.now, world=world)
        # All that it prints goes through a pipe.
        self._run.log = run.log
        self._run.begin(json.loads(json.dumps(run.task)), kernel.now)
        worker = kernel.process
        self._process = Process(kernel, f"{worker.name}/{run.task_id[-6:]}", worker)
        self._process.at_death += [lambda: truth.cut_off(run.task_id, run.number), lambda: self._heard.put(None)]
        worker.at_death.append(self._process.kill)
        kernel.spawn(self._work, self._process)

    def hear(self, seconds: float) -> list[dict[str, Any]] | None:
        """Wait for the next message of the run."""
        try:
            message = None if self._is_over else self._heard.get(seconds)
        except queue.Empty:
            return []
        self._is_over = message is None
        return None if message is None else [message]

    def stop(self) -> None:
        """Ask its handler to stop."""
        if self._process.is_alive:
            self._run.lose()

    def send(self, number: signal.Signals) -> None:
        """Kill it: no handler here reacts to a signal."""
        self._process.kill()

    def end(self) -> str:
        """Kill what is left."""
        self._process.kill()
        return "killed"

    def handler(self, name: str | None) -> Handler | None:
        """Return the handler of this name."""
        return None if name is None else self._handlers.get(name)

    def _work(self) -> None:
        self._kernel.sleep(STARTS)
        self._heard.put({"begun": True})
        Runner(self, self._put, Slots(1, lambda: None, world=self._world), world=self._world).run(self._run)
        self._process.kill()
        self._kernel.block()

    def _put(self, parcel: Parcel) -> None:
        self._heard.put({"report": parcel.text, "is_final": parcel.is_final})
