"""A run to check, told step by step: faultless until a test plants something."""

from typing import Any

from proof.checks.checker import text
from proof.plan import Control, Ending
from proof.record import Asked, Create, Deed, Look, Record, frozen
from waybill.domain.status import ErrorCode, Status
from waybill.wire.timestamps import rfc3339

START = 1_800_000_000_000
COMPLETED = Ending(Status.COMPLETED)
FAILED = Ending(Status.ERROR, ErrorCode.FAILED)

Json = dict[str, Any]


class Tale:
    """Builds a Record; `now` is the time of the next step, in milliseconds since START."""

    def __init__(self) -> None:
        self.now = 0
        self.creates: list[Create] = []
        self.asked: list[Asked] = []
        self.tasks: dict[str, Json] = {}
        self.events: list[Json] = []
        self.looks: list[Look] = []
        self.deeds: list[Deed] = []

    def record(self) -> Record:
        seen = {event["event_id"]: text(event) for event in self.events}
        return Record(self.creates, self.asked, list(self.tasks.values()), self.events, seen, self.looks, self.deeds)

    def create(self, name: str, ending: Ending = COMPLETED) -> str:
        task_id = f"id of {name}"
        self.creates.append(Create(name, ending, task_id))
        self.tasks[task_id] = {
            "task_id": task_id,
            "name": name,
            "status": 1,
            "attempt": 1,
            "run": 1,
            "result": None,
            "error": None,
            "finished_at": None,
        }
        self.event(task_id, "create", 1)
        return task_id

    def claim(self, task_id: str, worker: str = "w-1") -> None:
        self.tasks[task_id]["status"] = 2
        self.event(task_id, "claim", 2, source=worker, status=2)

    def complete(self, task_id: str, worker: str = "w-1", result: Any = None) -> None:
        self._end(task_id, Status.COMPLETED, result, None)
        self.event(task_id, "report", 3, source=worker, status=3)

    def fail(self, task_id: str, worker: str = "w-1") -> None:
        self._end(task_id, Status.ERROR, None, ErrorCode.FAILED)
        self.event(task_id, "report", 4, source=worker, status=4)

    def fail_and_go_on(self, task_id: str, worker: str = "w-1") -> None:
        """Fail an attempt that the retry policy follows up."""
        self.event(task_id, "report", 1, source=worker, status=4)
        self._next_attempt(task_id)

    def release(self, task_id: str, worker: str = "w-1", crashed: bool = True, alone: bool = True) -> None:
        task = self.tasks[task_id]
        task["run"] += 1
        self.event(task_id, "release", task["status"], worker=worker, crashed=crashed, alone=alone)

    def lose(self, task_id: str) -> None:
        """Release a run whose crash is the last that is allowed."""
        self._end(task_id, Status.ERROR, None, ErrorCode.WORKER_LOST)
        self.event(task_id, "release", 4, crashed=True, alone=True)

    def crash(self, task_id: str, worker: str = "w-1", *, is_last: bool = False) -> None:
        """Crash in a process of its own, as its worker reports."""
        error = {"code": "worker_lost", "message": "exit code 9"}
        if is_last:
            self._end(task_id, Status.ERROR, None, ErrorCode.WORKER_LOST)
            self.event(task_id, "report", 4, source=worker, status=4, error=error)
        else:
            self.event(task_id, "report", 2, source=worker, status=4, error=error)
            self.release(task_id, worker)

    def cancel(self, task_id: str) -> None:
        self.asked.append(Asked(task_id, Control.CANCEL, self.tasks[task_id]["attempt"], True))
        self._end(task_id, Status.ERROR, None, ErrorCode.CANCELLED)
        self.event(task_id, "cancel", 4)

    def retry(self, task_id: str) -> None:
        self.asked.append(Asked(task_id, Control.RETRY, self.tasks[task_id]["attempt"], True))
        self._next_attempt(task_id)
        self.event(task_id, "retry", 1)

    def look(self, task_id: str, watcher: str = "poller", **changed: Any) -> None:
        task = self.tasks[task_id] | changed
        self.looks.append(Look(watcher, task_id, task["attempt"], task["status"], frozen(task)))

    def deed(self, what: str, who: str, worker_id: str | None = None) -> None:
        self.deeds.append(Deed(START + self.now, what, who, worker_id))

    def run(self, name: str, ending: Ending = COMPLETED) -> str:
        """Create a task, claim it and end it as it has to."""
        task_id = self.create(name, ending)
        self.claim(task_id)
        if ending.status is Status.COMPLETED:
            self.complete(task_id, result=ending.result)
        else:
            self.fail(task_id)
        return task_id

    def event(self, task_id: str, kind: str, task_status: int, outcome: str = "applied", **said: Any) -> None:
        task = self.tasks[task_id]
        recorded = {
            "event_id": len(self.events) + 1,
            "task_id": task_id,
            "attempt": task["attempt"],
            "run": task["run"],
            "seq": None,
            "source": "api",
            "kind": kind,
            "outcome": outcome,
            "task_status": task_status,
            "recorded_at": rfc3339(START + self.now),
        }
        self.events.append(recorded | said)

    def _end(self, task_id: str, status: Status, result: Any, code: ErrorCode | None) -> None:
        error = None if code is None else {"code": code.value, "message": ""}
        finished = rfc3339(START + self.now)
        self.tasks[task_id] |= {"status": int(status), "result": result, "error": error, "finished_at": finished}

    def _next_attempt(self, task_id: str) -> None:
        task = self.tasks[task_id]
        cleared = {"status": 1, "result": None, "error": None, "finished_at": None}
        task |= {"attempt": task["attempt"] + 1, "run": task["run"] + 1, **cleared}
