"""Who runs apart: suspects wait for a place, and each has a process of its own while it has one."""

import contextlib
import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.worker.runs import Cancelled, Run
from services.worker.slots import Slots
from shared.domain.status import ErrorCode
from shared.spool import Parcel

logger = logging.getLogger(__name__)

LISTEN_SECONDS = 0.1
PATIENCE_SECONDS = 3.0
"""How long a suspect keeps its slot while it waits for a place."""

GRACE_SECONDS = 3.0
"""How long a handler that was told to stop may take before its process gets SIGTERM."""

LAST_SECONDS = 0.5
"""How long its process may take then, before it gets SIGKILL; when the worker ends, it has no more than that at all."""

START_SECONDS = 60.0
"""How long a process may take until its handler is called; that is no time that counts for its time-out."""

RETRY_SECONDS = 1.0
"""How long to wait where no process can be had."""


class Child(Protocol):
    """What is needed of a process that runs one run."""

    def hear(self, seconds: float) -> list[dict[str, Any]] | None:
        """Wait for what the run says; None once the process has ended."""

    def stop(self) -> None:
        """Tell its handler to stop."""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""

    def end(self) -> str:
        """Kill what is left of it, and say how it ended."""


@dataclass(eq=False, slots=True)
class Waiting:
    """A suspect that has no place yet."""

    run: Run
    since: float
    has_slot: bool = True


class Isolation:
    """Gives each suspect a process of its own, as many at once as there are places.

    A suspect keeps its slot for a moment only, so that it holds up nobody. What was lost or timed out once, and is
    most likely innocent, then runs beside the others where no place is free: else a killed worker with hundreds of
    runs would be followed by a queue of hundreds. Whatever else is against it waits.
    """

    def __init__(
        self,
        places: int,
        launch: Callable[[Run], Child],
        run_beside: Callable[[Run], None],
        put: Callable[[Parcel], None],
        on_left: Callable[[Run], None],
        slots: Slots,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the number of places and the parts it works with.

        `launch` starts a process and may raise OSError; `run_beside` runs a run as any other; `on_left` is told once
        a run executes no more; `clock` counts monotonic seconds.
        """
        self._places = places
        self._launch = launch
        self._run_beside = run_beside
        self._put = put
        self._on_left = on_left
        self._slots = slots
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: list[Waiting] = []
        self._apart: dict[Run, None] = {}
        self._is_closing = False

    @property
    def is_possible(self) -> bool:
        """Whether there are any places."""
        return self._places > 0

    def admit(self, run: Run) -> None:
        """Take in a granted run, with the slot that it holds."""
        run.wait()
        with self._changed:
            self._waiting.append(Waiting(run, self._clock()))
            self._changed.notify_all()

    def work(self) -> None:
        """Give places away until closed."""
        with self._changed:
            while not self._is_closing:
                self._changed.wait(self._assign())

    def executing(self) -> list[Run]:
        """Return the runs that have a process."""
        with self._changed:
            return list(self._apart)

    def wait_idle(self, seconds: float) -> bool:
        """Wait until nobody waits or runs apart, for at most that long, and tell whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._waiting or self._apart), seconds)

    def close(self) -> None:
        """Give no more places away, and end every process; what ran there is released with the worker's other runs."""
        with self._changed:
            self._is_closing = True
            self._waiting.clear()
            for run in self._apart:
                run.lose()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._apart, 3 * LAST_SECONDS)

    def _assign(self) -> float | None:
        """Give free places to who waits, in order; return the seconds until somebody has waited long enough."""
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
            elif _may_run_beside(one.run):
                self._waiting.remove(one)
                one.run.start(now)
                self._run_beside(one.run)
            else:
                self._let_go(one)
        return next_look

    def _let_go(self, one: Waiting) -> None:
        if one.has_slot:
            one.has_slot = False
            self._slots.give_back()

    def _begin(self, run: Run) -> None:
        self._apart[run] = None
        # The system kills a process with the thread that has started it: this one stays until its process is gone.
        threading.Thread(target=lambda: self._keep(run), name="isolation", daemon=True).start()

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

    def _launched(self, run: Run) -> Child | None:
        while not run.is_stopped:
            try:
                return self._launch(run)
            except OSError as error:
                logger.warning("No process can be had for task %s, trying again: %s", run.task_id, error)
                run.sleep(RETRY_SECONDS)
        return None

    def _attend(self, run: Run, child: Child) -> None:
        """Pass on what a run says until its process has ended, and see to it that it does."""
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
            logger.warning("The process of task %s says what makes no sense: %r", run.task_id, error)
        finally:
            how = child.end()
        parcel = None if has_said_all else run.fail(ErrorCode.WORKER_LOST, how)
        if parcel is not None:
            logger.warning("Task %s crashed in its process: %s", run.task_id, how)
            self._put(parcel)

    def _pass_on(self, run: Run, message: Mapping[str, Any]) -> bool:
        """Pass on what a run says, with the claim and the number that are its own; tell whether it was the last."""
        if "begun" in message:
            run.start(self._clock())
            return False
        said = json.loads(message["report"])
        parcel: Parcel | None = None
        with contextlib.suppress(Cancelled):
            parcel = run.relay(said, is_final=message["is_final"])
        if parcel is not None:
            self._put(parcel)
        return bool(message["is_final"])


def _may_run_beside(run: Run) -> bool:
    """Whether next to nothing is against it: one lost worker that ran others, too, or one time-out."""
    task = run.task or {}
    return not task.get("crashes") and task.get("losses", 0) <= 1 and task.get("failures", 0) <= 1
