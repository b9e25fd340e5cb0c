"""Isolation: each suspect waits for a place, and then runs in a process of its own."""

import contextlib
import json
import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from waybill.delivery.spool import Parcel
from waybill.domain.status import ErrorCode
from waybill.host.logs import shortened
from waybill.host.world import REAL, World
from waybill_worker.runner.runner import TRACE_CAP
from waybill_worker.runs.runs import Cancelled, Run
from waybill_worker.runs.slots import Slots

logger = logging.getLogger(__name__)

LISTEN_SECONDS = 0.1
PATIENCE_SECONDS = 3.0
"""Seconds that a suspect keeps its slot while it waits for a place."""

GRACE_SECONDS = 3.0
"""Seconds that a handler that was told to stop may take before its process gets SIGTERM."""

LAST_SECONDS = 0.5
"""Seconds from SIGTERM to SIGKILL; when the worker ends, its processes get only this time."""

START_SECONDS = 60.0
"""Seconds that a process may take to start, until it calls its handler; the run limit does not count them."""

RETRY_SECONDS = 1.0
"""Seconds between two attempts to start a process."""


class Child(Protocol):
    """What isolation needs of a process that executes one run."""

    def hear(self, seconds: float) -> list[dict[str, Any]] | None:
        """Wait for messages of the run; return None once the process has ended."""

    def stop(self) -> None:
        """Tell its handler to stop."""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""

    def end(self) -> str:
        """Kill what is left of it, and return how it ended."""


@dataclass(eq=False, slots=True)
class Suspect:
    """A suspect that has no place yet."""

    run: Run
    since: float
    is_apart: bool = False
    """Whether it never runs beside others."""
    has_slot: bool = True


class Isolation:
    """Gives each suspect a process of its own, as many at once as there are places.

    A suspect keeps its slot for PATIENCE_SECONDS only, so that it delays no other run. If no place is free by then, a
    suspect that was lost or timed out only once, and is most likely innocent, runs beside the others: otherwise a
    killed worker with hundreds of runs would leave a queue of hundreds. All other suspects wait, and so do runs whose
    handlers ask for processes of their own.
    """

    def __init__(
        self,
        places: int,
        launch: Callable[[Run], Child],
        run_beside: Callable[[Run], None],
        put: Callable[[Parcel], None],
        on_left: Callable[[Run], None],
        slots: Slots,
        world: World = REAL,
        on_room: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the number of places and the parts.

        `launch` starts a process and may raise OSError; `run_beside` executes a run in a runner's thread; `on_left` is
        called when the handler of a run has ended, and `on_room` when a place is free again.
        """
        self._places = places
        self._launch = launch
        self._run_beside = run_beside
        self._put = put
        self._on_left = on_left
        self._on_room = on_room
        self._slots = slots
        self._thread = world.thread
        self._clock = world.monotonic
        self._changed = world.condition()
        self._waiting: list[Suspect] = []
        self._apart: dict[Run, None] = {}
        self._is_closing = False

    @property
    def is_possible(self) -> bool:
        """Whether there are any places."""
        return self._places > 0

    @property
    def room(self) -> int:
        """How many more runs would find a place at once."""
        with self._changed:
            return max(0, self._places - len(self._apart) - len(self._waiting))

    def admit(self, run: Run, *, is_apart: bool = False) -> None:
        """Accept a granted run, with the slot that it holds; if it `is_apart`, it never runs beside others."""
        run.wait()
        with self._changed:
            self._waiting.append(Suspect(run, self._clock(), is_apart))
            self._changed.notify_all()

    def work(self) -> None:
        """Assign places until closed."""
        with self._changed:
            while not self._is_closing:
                self._changed.wait(self._assign())

    def executing(self) -> list[Run]:
        """Return the runs that have a process."""
        with self._changed:
            return list(self._apart)

    def wait_idle(self, seconds: float) -> bool:
        """Wait up to `seconds` until no run waits or has a process; return whether none does."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._waiting or self._apart), seconds)

    def close(self) -> None:
        """Assign no more places, and end every process; their runs are released with all others of the worker."""
        with self._changed:
            self._is_closing = True
            self._waiting.clear()
            for run in self._apart:
                run.lose()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._apart, 3 * LAST_SECONDS)

    def _assign(self) -> float | None:
        """Assign free places in order; return the seconds until the patience of the next suspect ends."""
        now = self._clock()
        next_look: float | None = None
        for one in list(self._waiting):
            left = one.since + PATIENCE_SECONDS - now
            if one.run.is_stopped or len(self._apart) < self._places:
                self._waiting.remove(one)
                self._let_go(one)
                if one.run.is_stopped:
                    self._on_left(one.run)
                else:
                    self._begin(one.run)
            elif not one.has_slot:
                continue
            elif left > 0:
                next_look = left if next_look is None else min(left, next_look)
            elif not one.is_apart and _may_run_beside(one.run):
                self._waiting.remove(one)
                one.run.start(now)
                self._run_beside(one.run)
            else:
                self._let_go(one)
        return next_look

    def _let_go(self, one: Suspect) -> None:
        if one.has_slot:
            one.has_slot = False
            self._slots.give_back()

    def _begin(self, run: Run) -> None:
        self._apart[run] = None
        # The kernel kills a process when the thread ends that started it, so this thread lives as long as the process.
        self._thread(target=lambda: self._keep(run), name="isolation", daemon=True).start()

    def _keep(self, run: Run) -> None:
        try:
            child = self._launched(run)
            if child is not None:
                self._attend(run, child)
        except BaseException:
            logger.exception("The end of task %s could not be reported", run.task_id)
        finally:
            with self._changed:
                self._apart.pop(run, None)
                self._changed.notify_all()
            self._on_left(run)
            self._on_room()

    def _launched(self, run: Run) -> Child | None:
        while not run.is_stopped:
            try:
                return self._launch(run)
            except OSError as error:
                logger.warning("No process can be started for task %s; retrying: %s", run.task_id, error)
                run.sleep(RETRY_SECONDS)
        return None

    def _attend(self, run: Run, child: Child) -> None:
        """Pass on the messages of a run until its process has ended; end the process if the run must stop."""
        has_said_all = False
        started_at = self._clock()
        stopped_at: float | None = None
        signals = [signal.SIGTERM, signal.SIGKILL]
        try:
            while not has_said_all and (messages := child.hear(LISTEN_SECONDS)) is not None:
                has_said_all = any(self._pass_on(run, message) for message in messages)
                if run.is_waiting and self._clock() - started_at > START_SECONDS:
                    child.send(signal.SIGKILL)
                if not run.is_stopped:
                    continue
                if stopped_at is None:
                    stopped_at = self._clock()
                    child.stop()
                patience = 0.0 if self._is_closing else GRACE_SECONDS
                if signals and self._clock() - stopped_at >= patience + LAST_SECONDS * (2 - len(signals)):
                    child.send(signals.pop(0))
        except (KeyError, TypeError, ValueError) as error:
            logger.warning("The process of task %s sent an invalid message: %r", run.task_id, error)
        finally:
            how = child.end()
        parcel = None if has_said_all else run.fail(ErrorCode.WORKER_LOST, how, run.log.text or None)
        if parcel is not None:
            logger.warning("Task %s crashed in its process: %s", run.task_id, how)
            self._put(parcel)

    def _pass_on(self, run: Run, message: Mapping[str, Any]) -> bool:
        """Pass on a message of a run, with its claim and number; return whether it was the last."""
        if "begun" in message:
            run.start(self._clock())
            return False
        said = json.loads(message["report"])
        parcel: Parcel | None = None
        with contextlib.suppress(Cancelled):
            parcel = run.relay(said, is_final=message["is_final"])
        if parcel is not None:
            error = said.get("error")
            if error is not None:
                trace = shortened(error.get("detail", ""), TRACE_CAP)
                logger.warning("Task %s failed in its process: %s %s", run.task_id, error["message"], trace)
            self._put(parcel)
        return bool(message["is_final"])


def _may_run_beside(run: Run) -> bool:
    """Whether a run is most likely innocent: at most one lost worker that had other runs too, or one time-out."""
    task = run.task or {}
    return not task.get("crashes") and task.get("losses", 0) <= 1 and task.get("failures", 0) <= 1
