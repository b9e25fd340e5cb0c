"""The truth: what really happened in the simulation, noted where it happens."""

import json
from dataclasses import dataclass, field
from typing import Any

from proof.simulation.virtual.kernel import Kernel
from proof.simulation.virtual.process import Process
from waybill.delivery.spool import Parcel

RETURNED, RAISED = "returned", "raised"


@dataclass(eq=False, slots=True)
class Execution:
    """One call of a handler."""

    serial: int
    task_id: str
    run: int
    worker: Process
    began_at: float
    handler: str
    given: Any
    """The input that the handler got."""
    carried: dict[str, Any] = field(default_factory=dict)
    """The value that a stage hands on to the next."""
    ended_at: float | None = None
    verdict: str = ""
    """How the handler ended; empty while it runs, and if it was asked to stop."""
    said: dict[str, Any] | None = None
    """The final report that its worker handed over for delivery."""
    has_left: bool = False
    """Whether its handler has returned or raised."""
    is_durable: bool = False
    """Whether that report was written to the spool."""

    @property
    def end(self) -> str:
        """The end that its handler is meant to have."""
        return str(self.given.get("scripts", {}).get(self.handler, self.given).get("end"))

    @property
    def line(self) -> bytes:
        """What its handler prints, and no other."""
        return f"{self.serial} is run {self.run} of {self.task_id}\n".encode()

    @property
    def result(self) -> dict[str, Any]:
        """The result of the handler, which no other execution returns."""
        return {"serial": self.serial, **self.carried}


@dataclass
class Truth:
    """All that was really done."""

    kernel: Kernel
    executions: dict[tuple[str, int], Execution] = field(default_factory=dict)
    twice: list[tuple[str, int]] = field(default_factory=list)
    """Runs that two handlers began."""
    workers: dict[str, Process] = field(default_factory=dict)
    """The process of each worker id."""
    created: dict[str, str] = field(default_factory=dict)
    """The name of each task whose creation was answered, by its id."""
    cancels: set[str] = field(default_factory=set)
    retries: set[str] = field(default_factory=set)
    """The tasks that a client has asked to cancel, and to retry."""
    farewells: set[str] = field(default_factory=set)
    """The workers that were declared gone."""
    beats: dict[tuple[str, Process], tuple[float, int]] = field(default_factory=dict)
    """For each worker and life of the API, that life's running time and pauses at the worker's last heartbeat."""
    news: dict[str, tuple[Process, float, int]] = field(default_factory=dict)
    """For each task, the life of the API that took the latest report, and its running time and pauses then."""
    tracked: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    """The acknowledged reports on each attempt of a tracked task."""
    of_task: dict[str, list[Execution]] = field(default_factory=dict)
    overlaps: list[tuple[Execution, Execution]] = field(default_factory=list)
    """Executions that began while an earlier one of the same task still ran in a live worker."""
    taken: dict[tuple[str, int], float] = field(default_factory=dict)
    """When the API took a run from its worker, by a cancellation or a time-out."""
    serial: int = 0

    def begin(self, task_id: str, run: int, handler: str, given: Any) -> Execution:
        """Note that the process that runs now calls a handler."""
        self.serial += 1
        execution = Execution(self.serial, task_id, run, self.kernel.process.worker, self.kernel.now, handler, given)
        if (task_id, run) in self.executions:
            self.twice.append((task_id, run))
        for other in self.of_task.setdefault(task_id, []):
            if not other.has_left and other.worker.is_alive and not other.worker.is_stopping:
                self.overlaps.append((other, execution))
        self.of_task[task_id].append(execution)
        self.executions[task_id, run] = execution
        self.kernel.note(f"runs {task_id[-6:]}/{run}")
        return execution

    def end(self, execution: Execution, verdict: str) -> None:
        """Note how a handler ended."""
        execution.ended_at, execution.verdict = self.kernel.now, verdict
        self.kernel.note(f"{execution.task_id[-6:]}/{execution.run} has {verdict}")

    def cut_off(self, task_id: str, run: int) -> None:
        """Note that the isolated process of a run has ended, even if its handler was running."""
        execution = self.executions.get((task_id, run))
        if execution is not None:
            execution.has_left = True
        if execution is not None and execution.ended_at is None:
            execution.ended_at = self.kernel.now
            self.kernel.note(f"{task_id[-6:]}/{run} was cut off")

    def handed_over(self, parcel: Parcel) -> None:
        """Note that a final report was handed over for delivery."""
        execution = self.executions.get((parcel.task_id, parcel.run))
        if parcel.is_final and execution is not None:
            execution.said = json.loads(parcel.text)

    def spooled(self, parcel: Parcel) -> None:
        """Note that a report is on disk."""
        execution = self.executions.get((parcel.task_id, parcel.run))
        if parcel.is_final and execution is not None:
            execution.is_durable = True
