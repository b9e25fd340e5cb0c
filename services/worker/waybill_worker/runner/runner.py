"""The runner: runs a handler, and turns its end into the run's final report."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from waybill.delivery.spool import Parcel
from waybill.domain.status import ErrorCode
from waybill.encoding import bounded
from waybill.host.logs import shortened
from waybill.host.world import REAL, World
from waybill_worker.handlers.calling import call
from waybill_worker.handlers.context import Context, Handler
from waybill_worker.handlers.failed import Failed
from waybill_worker.handlers.failure import described, traced
from waybill_worker.runs.runs import Cancelled, Run
from waybill_worker.runs.slots import Slots

logger = logging.getLogger(__name__)

TRACE_CAP = 6_000
"""How many characters of a traceback are logged."""


class Handlers(Protocol):
    """What the runner needs of the registry."""

    def handler(self, name: str | None) -> Handler | None:
        """Return the handler of this name."""


class Runner:
    """Runs the handlers of granted runs, in many threads at once."""

    def __init__(
        self,
        handlers: Handlers,
        put: Callable[[Parcel], None],
        slots: Slots,
        on_idle: Callable[[], None] = lambda: None,
        counted: Callable[[Run], AbstractContextManager[None]] = lambda run: nullcontext(),
        on_left: Callable[[Run], None] = lambda run: None,
        world: World = REAL,
    ) -> None:
        """Take the handlers, what takes reports, the slots to give back, and what to do while no handler runs.

        `counted` counts the output of the handler of a run; `on_left` is called when the handler of a run has ended.
        """
        self._handlers = handlers
        self._put = put
        self._slots = slots
        self._on_idle = on_idle
        self._counted = counted
        self._on_left = on_left
        self._lock = world.lock()
        self._executing: dict[Run, None] = {}
        self._abandoned: set[Run] = set()

    def executing(self) -> list[Run]:
        """Return the runs whose handlers have not returned."""
        with self._lock:
            return list(self._executing)

    def run(self, run: Run) -> None:
        """Execute one granted run to its end; never raises."""
        with self._lock:
            self._executing[run] = None
        try:
            parcel = None if run.is_stopped else self._outcome(run)
            if parcel is not None:
                self._put(parcel)
        except BaseException:
            logger.exception("The end of task %s could not be reported", run.task_id)
        finally:
            with self._lock:
                self._executing.pop(run, None)
                is_abandoned = run in self._abandoned
                self._abandoned.discard(run)
                if not (self._executing or self._abandoned):
                    self._on_idle()
            if not is_abandoned:
                self._let_go(run)

    def abandon(self, run: Run) -> bool:
        """Stop waiting for the handler of a run, whose thread is lost; return false if it was not executing."""
        with self._lock:
            if run not in self._executing:
                return False
            del self._executing[run]
            self._abandoned.add(run)
        self._let_go(run)
        return True

    @property
    def abandoned(self) -> int:
        """The number of abandoned handlers that still run."""
        with self._lock:
            return len(self._abandoned)

    def _let_go(self, run: Run) -> None:
        self._slots.give_back()
        self._on_left(run)

    def _outcome(self, run: Run) -> Parcel | None:
        task = run.task or {}
        handler = self._handlers.handler(task.get("handler"))
        if handler is None:
            return run.fail(ErrorCode.NO_HANDLER, f"this worker has no handler {task.get('handler')!r}")
        try:
            with self._counted(run):
                result = call(handler, Context(run, self._put), task.get("input"))
        except Cancelled:
            # Nothing was lost, so the handler has raised it on its own.
            return run.fail(ErrorCode.FAILED, "the handler gave up")
        except Failed as error:
            if not run.is_stopped:
                logger.warning("Task %s failed: %s", run.task_id, bounded(str(error)))
            return run.fail(ErrorCode.FAILED, str(error), error.detail)
        except BaseException as error:  # noqa: BLE001  # also SystemExit: a handler ends its run, not the worker
            # Formatted here: methods of the handler's error must not run while the log's lock is held.
            message, trace = described(error), traced(error, handler)
            if not run.is_stopped:
                logger.warning("Task %s failed: %s %s", run.task_id, bounded(message), shortened(trace, TRACE_CAP))
            return run.fail(ErrorCode.FAILED, message, trace or None)
        try:
            return run.complete(result)
        except ValueError as error:
            return run.fail(ErrorCode.FAILED, f"the result cannot be kept: {error}")
