"""The runs that this process holds, from just before their claim is sent until their end is acknowledged."""

import json
from collections.abc import Callable, Mapping, Sequence
from threading import TIMEOUT_MAX
from typing import Any

from waybill.delivery.spool import Parcel
from waybill.domain.merge import METADATA_CAP, metadata_size
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import run_limit_of
from waybill.encoding import bounded, detail_of, encoded
from waybill.host.world import REAL, World
from waybill.queue.message import Message
from waybill_worker.runs.run_log import RunLog

OWN = frozenset({"task_id", "attempt", "seq", "source", "run", "claim"})
"""The fields of a report that describe the report, not its task."""


class Cancelled(BaseException):
    """Raised inside a handler whose run was lost, cancelled or timed out; not an Exception, so that it gets through."""


class Run:
    """One execution by this process; it makes all reports about itself, in order."""

    def __init__(
        self, message: Message, claim: str, source: str, since: float, *, isolates: bool = False, world: World = REAL
    ) -> None:
        """Take the message, the claim drawn for it, the worker's id and the time now (monotonic seconds).

        `isolates` says whether the worker can run it in a process of its own.
        """
        self.task_id = message.task_id
        self.number = message.run
        self.claim = claim
        self.route = ""
        """The route of its message."""
        self.priority = 0
        self.since = since
        """When it was claimed, in monotonic seconds."""
        self.task: Mapping[str, Any] | None = None
        """The task as the API granted it; None before that."""
        self._source = source
        self._isolates = isolates
        self._lock = world.lock()
        self._stopped = world.event()
        self._on_stop: list[Callable[[], object]] = []
        self._seq = 0
        self._ended = False
        self._waits = False
        self._metadata: dict[str, Any] = {}
        self.log = RunLog(self.task_id, self.number, claim)
        """The end of what it has logged or printed."""
        self.is_forgotten = False
        """Whether its end is acknowledged or it is lost; it is held only until its handler has returned."""
        self.is_taken = False
        """Whether it was lost or has timed out, so that its handler may still run for a while."""

    @property
    def key(self) -> tuple[str, int]:
        """The pair (task_id, run)."""
        return self.task_id, self.number

    @property
    def handler(self) -> str | None:
        """The name of the handler of its task; None before it was granted."""
        name: str | None = (self.task or {}).get("handler")
        return name

    @property
    def limit(self) -> float:
        """The seconds that it may take: as in the domain."""
        task = self.task or {}
        return float(run_limit_of(task.get("handler"), task.get("timeout"), task.get("processing_time")))

    @property
    def is_suspect(self) -> bool:
        """Whether the API wants it in a process of its own."""
        return (self.task or {}).get("isolate") is True

    @property
    def is_waiting(self) -> bool:
        """Whether its handler has not been called yet."""
        return self._waits

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop, so that nothing it does counts any more."""
        return self._stopped.is_set()

    @property
    def is_over(self) -> bool:
        """Whether its end was reported, or this worker has lost it."""
        return self._ended

    def elapsed(self, now: float) -> float:
        """Return for how many seconds its handler has been running; 0 if it does not run.

        While the API is down, a run may wait for the answer to its claim or for the delivery of its end; that is not
        time of its handler.
        """
        return now - self.since if self.task is not None and not (self._ended or self._waits) else 0.0

    def claim_report(self) -> dict[str, Any]:
        """Return the report that claims it; sent again, it is granted again."""
        return {
            "task_id": self.task_id,
            "run": self.number,
            "claim": self.claim,
            "status": Status.PROCESSING,
            "source": self._source,
            "isolates": self._isolates,
        }

    def begin(self, task: Mapping[str, Any], now: float) -> None:
        """Take the task that the API granted."""
        self.since = now
        self.task = task
        self._metadata = dict(task.get("metadata") or {})

    def wait(self) -> None:
        """Note that its handler does not run yet."""
        self._waits = True

    def start(self, now: float) -> None:
        """Note that its handler runs from now on."""
        self.since = now
        self._waits = False

    def sleep(self, seconds: float) -> bool:
        """Wait for `seconds`; return True at once if it is told to stop."""
        return self._stopped.wait(min(seconds, TIMEOUT_MAX))

    def when_stopped(self, callback: Callable[[], object]) -> None:
        """Call `callback` once it is told to stop, in the thread that tells it; at once if that has happened."""
        with self._lock:
            self._on_stop.append(callback)
        if self.is_stopped:
            self._stop()

    def say(self, **said: Any) -> Parcel:
        """Make a report that is not final.

        Raises Cancelled if it was told to stop, and ValueError if the values are not JSON or too large for a task.
        """
        with self._lock:
            if self._ended:
                raise Cancelled
            parcel = self._parcel(said, is_final=False)
            if "metadata" in said:
                self._metadata = _grown(self._metadata, json.loads(parcel.text)["metadata"])
            return parcel

    def complete(self, result: Any) -> Parcel | None:
        """Make the report of its result; None if it has ended already. Raises ValueError for an invalid result."""
        return self._end({"status": Status.COMPLETED, "result": result})

    def fail(self, code: ErrorCode, message: str, detail: str | None = None) -> Parcel | None:
        """Make the report of its error, and stop the handler if it still runs; None if it has ended already.

        Of a long `detail` the end is reported.
        """
        self.is_taken |= code is ErrorCode.TIMEOUT
        error = {"code": code, "message": bounded(message)}
        if detail is not None:
            error["detail"] = detail_of(detail)
        return self._end({"status": Status.ERROR, "error": error})

    def relay(self, report: Mapping[str, Any], *, is_final: bool) -> Parcel | None:
        """Make a report of its isolated process its own; None and Cancelled as for `complete` and `say`."""
        said = {key: value for key, value in report.items() if key not in OWN}
        return self._end(said) if is_final else self.say(**said)

    def lose(self) -> None:
        """Tell it to stop, since this worker has lost it; nothing more is reported."""
        with self._lock:
            self._ended = self.is_taken = True
        self._stop()

    def _end(self, said: dict[str, Any]) -> Parcel | None:
        with self._lock:
            if self._ended:
                return None
            parcel = self._parcel(said, is_final=True)
            self._ended = True
        self._stop()
        return parcel

    def _stop(self) -> None:
        self._stopped.set()
        with self._lock:
            callbacks, self._on_stop = self._on_stop, []
        for callback in callbacks:
            callback()

    def _parcel(self, said: dict[str, Any], *, is_final: bool) -> Parcel:
        report = {
            "task_id": self.task_id,
            "attempt": (self.task or {}).get("attempt"),
            "seq": self._seq + 1,
            "source": self._source,
            "run": self.number,
            "claim": self.claim,
            **said,
        }
        text = encoded(report)
        self._seq += 1
        return Parcel(self.task_id, self.number, is_final, text)


def _grown(metadata: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Return metadata with the new values. Raises ValueError if the API would refuse it.

    Checked here, since the API answers each refused report with the whole task.
    """
    grown = metadata | said
    if grown != metadata and metadata_size(grown) > METADATA_CAP:
        raise ValueError(f"the task's metadata would grow beyond {METADATA_CAP:,} bytes")
    return grown


class Runs:
    """The table of held runs; safe to share between threads."""

    def __init__(
        self,
        source: str,
        world: World = REAL,
        *,
        isolates: bool = False,
        on_left: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the worker's id; `isolates` goes with every claim.

        `on_left` is called when the handler of a lost or timed-out run has returned, since the API waits for that.
        """
        self._source = source
        self._isolates = isolates
        self._world = world
        self._clock = world.monotonic
        self._on_left = on_left
        self._lock = world.lock()
        self._held: dict[tuple[str, int], Run] = {}
        self._executing: set[Run] = set()

    def open(self, message: Message, claim: str) -> Run | None:
        """Hold a run that is about to be claimed; return None if it is held already (a doubled message)."""
        run = Run(message, claim, self._source, self._clock(), isolates=self._isolates, world=self._world)
        with self._lock:
            return run if self._held.setdefault(run.key, run) is run else None

    def enter(self, runs: Sequence[Run]) -> None:
        """Note that granted runs are executed from now on; earlier runs of the same tasks are told to stop."""
        newest = {run.task_id: run.number for run in runs}
        with self._lock:
            self._executing.update(runs)
            earlier = [run for run in self._executing if run.number < newest.get(run.task_id, 0)]
        for run in earlier:
            run.lose()

    def leave(self, run: Run) -> None:
        """Note that a run's handler has returned, or was abandoned."""
        with self._lock:
            self._executing.discard(run)
            has_left = run.is_forgotten and self._remove(run)
        if has_left and run.is_taken:
            self._on_left()

    def forget(self, run: Run) -> None:
        """Hold a run only until its handler has returned."""
        run.is_forgotten = True
        with self._lock:
            has_left = run not in self._executing and self._remove(run)
        if has_left and run.is_taken:
            self._on_left()

    def _remove(self, run: Run) -> bool:
        if self._held.get(run.key) is not run:
            return False
        del self._held[run.key]
        return True

    def find(self, task_id: str, number: int) -> Run | None:
        """Return a held run; None if there is none."""
        with self._lock:
            return self._held.get((task_id, number))

    def held(self) -> list[Run]:
        """Return all held runs."""
        with self._lock:
            return list(self._held.values())
