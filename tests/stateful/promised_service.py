"""What is promised of the service as a whole: its types, its workers, its keys and all of its tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.stateful.promised_task import PromisedTask
from tests.stateful.sayings import Said, Write, text_of, timestamp

LEASE = 15.0
DAY = 24 * 3_600_000

TYPE_DEFAULTS: dict[str, Any] = {
    "title": "",
    "handler": None,
    "stages": None,
    "processing_time": None,
    "timeout": None,
    "max_attempts": 1,
    "min_backoff": 1.0,
    "max_backoff": 300.0,
    "priority": 0,
    "paused": False,
    "stage_timeout": None,
    "stage_timeout_ends": False,
    "no_handler_after": None,
    "input_schema": None,
    "secret": [],
    "declared": None,
    "edited": [],
}
DECLARED = ("title", "handler", "stages", "timeout", "max_attempts", "min_backoff", "max_backoff", "priority", "secret")
"""The fields that code may declare of a type."""

Run = tuple[str, int]


@dataclass
class PromisedWorker:
    """One worker, as far as the API knows it."""

    is_gone: bool = False
    silence: float | None = None
    """Seconds; None while it has not been heard of since the API's start."""
    unlisted: dict[Run, float] = field(default_factory=dict)
    """For each run of its own that its latest beats left out, for how many seconds they have done so."""


@dataclass
class PromisedService:
    """Everything that the API is to know."""

    tasks: dict[str, PromisedTask] = field(default_factory=dict)
    types: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "sleep": TYPE_DEFAULTS | {"title": "Sleep", "handler": "sleep", "edited": ["handler", "stages", "title"]}
        }
    )
    workers: dict[str, PromisedWorker] = field(default_factory=dict)
    keys: dict[str, tuple[str, list[str], int]] = field(default_factory=dict)
    """For each Idempotency-Key: the request, the tasks it made, and when."""

    # Creates

    def refusal_of_create(self, wishes: Sequence[Said]) -> tuple[int, str] | None:
        """Return the problem that a create meets, None where it is granted."""
        seen = {(task.given["type"], task.given["external_key"]) for task in self.tasks.values()}
        for wish in wishes:
            task_type = self.types.get(wish.get("type", "sleep"))
            if task_type is None:
                return 422, "invalid"
            if task_type["handler"] == "sleep" and self._processing_time(wish) is None:
                return 422, "invalid"
        for wish in wishes:
            key = (wish.get("type", "sleep"), wish.get("external_key"))
            if key[1] is not None and key in seen:
                return 409, "external_key_taken"
            seen.add(key)
        return None

    def recalled(self, key: str | None, request: str, now: int) -> tuple[bool, list[str]]:
        """Return whether this request was carried out under this key, and what it made; raise KeyError for another."""
        known = None if key is None else self.keys.get(key)
        if known is None or known[2] <= now - DAY:
            return False, []
        if known[0] != request:
            raise KeyError(key)
        return True, known[1]

    def create(self, wish: Said, task_id: str, now: int) -> None:
        """Take a new task in."""
        task_type = self.types[wish.get("type", "sleep")]
        task = PromisedTask(
            task_id=task_id,
            given={
                "name": wish["name"],
                "type": wish.get("type", "sleep"),
                "handler": task_type["handler"],
                "stages": task_type["stages"],
                "processing_time": self._processing_time(wish),
                "timeout": wish.get("timeout", task_type["timeout"]),
                "input": wish.get("input"),
                "priority": wish.get("priority", task_type["priority"]),
                "external_key": wish.get("external_key"),
                "created_at": timestamp(now),
            },
            has_own_timeout="timeout" in wish,
            max_attempts=task_type["max_attempts"],
            min_backoff=task_type["min_backoff"],
            max_backoff=task_type["max_backoff"],
            stage_since=now,
            heard_at=now,
            due=None if task_type["handler"] is None and task_type["stages"] is None else (now, now),
        )
        for name, value in wish.get("metadata", {}).items():
            task.log[f"metadata/{name}"] = [Write(0, 0, "", text_of(value))]
        task.created()
        self.tasks[task_id] = task

    def _processing_time(self, wish: Said) -> Any:
        default = self.types[wish.get("type", "sleep")]["processing_time"]
        return wish.get("processing_time", default)

    # Types

    def edit_type(self, name: str, fields: Said, *, is_new: bool = False) -> None:
        """Have a person set fields of a type."""
        known = TYPE_DEFAULTS if is_new else self.types[name]
        both = ("handler", "stages") if is_new or {"handler", "stages"} & fields.keys() else ()
        edited = {*known["edited"], *both, *(field for field in fields if field in DECLARED)}
        self.types[name] = {**known, **fields, "edited": sorted(edited)}

    def declare_type(self, name: str, said: Said) -> None:
        """Have code say something of a type."""
        known = self.types.get(name, TYPE_DEFAULTS)
        free = {field: said.get(field, TYPE_DEFAULTS[field]) for field in DECLARED if field not in known["edited"]}
        task_type = known | free | {"declared": said}
        if task_type["min_backoff"] > task_type["max_backoff"]:
            # The edited one stays.
            is_edited = "min_backoff" in known["edited"]
            kept, given_way = ("min_backoff", "max_backoff") if is_edited else ("max_backoff", "min_backoff")
            task_type[given_way] = task_type[kept]
        self.types[name] = task_type

    # Reports

    def report(self, task_id: str, said: Said, now: int) -> str:
        """Judge a report and take it in."""
        task = self.tasks.get(task_id)
        if task is None:
            return "unknown"
        task_type = self.types.get(task.given["type"], TYPE_DEFAULTS)
        is_open = not task_type["paused"] and not self.worker(said["source"]).is_gone
        return task.report(said, now, is_open=is_open)

    # Workers

    def worker(self, worker_id: str) -> PromisedWorker:
        """Return a worker, which may be one that nobody has heard of."""
        return self.workers.setdefault(worker_id, PromisedWorker())

    def held_by(self, worker_id: str) -> dict[Run, str]:
        """Return the runs of a worker, with their claims."""
        held = [task for task in self.tasks.values() if task.is_held and task.holder == worker_id]
        return {(task.task_id, task.run): str(task.claim) for task in held}

    def beat(self, worker_id: str, listed: Sequence[dict[str, Any]], now: int) -> set[Run]:
        """Take a heartbeat in, and return the listed runs that are not the worker's own; it must not be gone."""
        worker = self.worker(worker_id)
        for one in listed:
            task = self.tasks.get(one["task_id"])
            if task is None or not task.is_held or (task.run, task.claim) != (one["run"], one["claim"]):
                continue
            if one["elapsed"] > task.run_limit:
                task.time_out(now)
        held = self.held_by(worker_id)
        said = {(one["task_id"], one["run"]): one["claim"] for one in listed}
        missing = held.keys() - said.keys()
        worker.unlisted = {run: worker.unlisted.get(run, 0.0) for run in missing}
        for (task_id, _), seconds in worker.unlisted.items():
            if seconds >= LEASE:
                self.tasks[task_id].release(now, crashed=False)
        worker.silence = 0.0
        lost = {run for run, claim in said.items() if held.get(run) != claim}
        still = {task_id for task_id, _ in lost}
        for task in self.tasks.values():
            if task.task_id not in still:
                task.leave(worker_id, now)
        return lost

    def gone(self, worker_id: str, now: int, *, crashed: bool) -> int:
        """Take a worker's end in, and return how many runs were released."""
        worker = self.worker(worker_id)
        worker.is_gone, worker.silence = True, None
        held = self.held_by(worker_id)
        for task in self.tasks.values():
            task.leave(worker_id, now)
        for task_id, _ in held:
            self.tasks[task_id].release(now, crashed=crashed, alone=len(held) == 1)
        return len(held)

    def pass_silence(self, seconds: float, now: int) -> None:
        """Let nobody say anything for a while."""
        for worker_id, worker in list(self.workers.items()):
            if worker.silence is None and self.held_by(worker_id):
                worker.silence = 0.0
            worker.unlisted = {run: unlisted + seconds for run, unlisted in worker.unlisted.items()}
            if worker.silence is not None:
                worker.silence += seconds
                if worker.silence >= LEASE:
                    self.gone(worker_id, now, crashed=True)

    def restart(self, now: int) -> None:
        """See the API start again: everybody has a fresh lease, and all that was kept is there."""
        for worker in self.workers.values():
            worker.silence, worker.unlisted = None, {}
        for task in self.tasks.values():
            task.restart(now)
