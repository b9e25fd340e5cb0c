"""What a worker makes of the world outside its own code, as one object that is handed in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from huey.consumer import Consumer

from waybill.client.calls import Calls
from waybill.delivery.spool import Spool
from waybill.host.world import World
from waybill.queue.opening import open_queue
from waybill.queue.queue import Queue
from waybill_worker.handlers.catalogue import Catalogue, Sources, catalogue
from waybill_worker.isolation import child, isolation
from waybill_worker.process.offspring import end_orphans
from waybill_worker.process.signals import Signals
from waybill_worker.process.surroundings import Surroundings
from waybill_worker.run_reporter import RunReporter
from waybill_worker.runs.runs import Run


@dataclass(frozen=True, slots=True)
class Outside(World):
    """The world of a worker's process, with its makers of all that reaches beyond that process."""

    client: Callable[..., Calls] = Calls
    spool: Callable[..., Spool] = Spool
    open_queue: Callable[[str], Queue] = open_queue
    reporter: Callable[..., RunReporter] = RunReporter
    child: Callable[[Run, Sources], isolation.Child] = child.Child
    consumer: Callable[..., Any] = Consumer
    handlers: Callable[[Sources, list[str] | None], Catalogue] = catalogue
    surroundings: Callable[..., Surroundings] = Surroundings
    signals: Callable[..., Signals] = Signals
    end_orphans: Callable[[str], None] = end_orphans


REAL = Outside()
"""The world itself."""
