"""One simulation: a seed, the services, faults for a while, then peace, and the judgement of the oracle."""

import hashlib
import logging
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from proof.simulation.faults import Faults
from proof.simulation.handlers import DECLARED, handlers
from proof.simulation.machine import machine
from proof.simulation.oracle import Oracle, Violation
from proof.simulation.people import People
from proof.simulation.services import Supervisor
from proof.simulation.truth import Truth
from proof.simulation.virtual.kernel import BOOT, Kernel
from proof.simulation.virtual.network import Network
from waybill.settings import Settings

TROUBLE = 30.0
"""Seconds in which faults strike."""
PEACE = 150.0
"""Seconds after the faults in which everything should end."""
STILL = 60.0
"""Seconds without a change until an open task is stuck. The longest wait without a bug: a handler hangs until its
worker has noticed, drained and started again, and the next attempt waits for its back-off."""
LONGEST_PEACE = 900.0
"""Seconds after which a simulation that goes on changing never ends: in the slowest, one slot runs all tasks, and they
hang one after the other in each attempt."""
AFTERMATH = 13.0
"""Seconds for late messages to arrive."""

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory; a power cut is no fault here


@dataclass(frozen=True, slots=True)
class Ending:
    """The result of one simulation."""

    seed: int
    violations: tuple[Violation, ...]
    events: int
    tasks: int
    faults: Counter[str]
    trace: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A hash of the trace: equal only for equal simulations."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


def simulate(seed: int) -> Ending:
    """Run the simulation of this seed; the same seed gives the same ending, trace and all."""
    memory = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="waybill-simulation-", dir=memory) as folder:
        return _simulate(seed, Path(folder))


def _simulate(seed: int, folder: Path) -> Ending:
    kernel = Kernel(Random(seed))
    network = Network(kernel)
    truth = Truth(kernel)
    outside = machine(kernel, network, truth, handlers(kernel, truth), DECLARED)
    settings = Settings(data_dir=folder, worker_slots=kernel.random.randint(1, 4), drain_seconds=3.0)
    oracle = Oracle(kernel, truth, settings.tasks_db)
    kernel.on_failure = oracle.failed
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        supervisor = Supervisor(network, truth, oracle, settings, outside, workers=kernel.random.randint(1, 3))
        people = People(kernel, network, truth, oracle)
        faults = Faults(kernel, network, supervisor, settings)
        people.come(kernel.random.randint(3, 14), TROUBLE * 0.8)
        faults.begin()
        kernel.run(TROUBLE, lambda: oracle.is_violated)
        faults.end()
        supervisor.longest_rest = 1.0
        kernel.note("PEACE")
        _wait_for_the_end(kernel, lambda: oracle.is_violated or not (people.busy or oracle.open), oracle)
        kernel.run(AFTERMATH, lambda: oracle.is_violated)
        oracle.judge_the_end(people.busy)
    finally:
        kernel.dispose()
        oracle.close()
        logging.disable(level)
    trace = tuple(f"{at - BOOT:9.4f}  {who:<12} {what}" for at, who, what in kernel.trace)
    struck = faults.struck + Counter(message=network.troubles)
    return Ending(seed, tuple(oracle.violations), kernel.events, len(truth.created), struck, trace)


def _wait_for_the_end(kernel: Kernel, is_over: Callable[[], bool], oracle: Oracle) -> None:
    """Run until all tasks have ended, or are stuck, or until the time is up."""
    begun = kernel.now
    kernel.run(PEACE, is_over)
    while not is_over() and kernel.now < min(oracle.moved_at + STILL, begun + LONGEST_PEACE):
        kernel.run(STILL / 10, is_over)
