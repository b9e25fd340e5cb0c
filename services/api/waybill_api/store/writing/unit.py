"""A unit of work: the identity map of one transaction.

Every operation loads tasks from it, lets a pure transition change them, and puts them back; they are written once,
at the end. So many reports on one task become one row write, and no SQL races the merge.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from waybill.domain.errors import TaskNotFound
from waybill.domain.event import Event, EventKind
from waybill.domain.report import TaskKey
from waybill.domain.stage import StageResult
from waybill.domain.status import Outcome, Status
from waybill.domain.task import Task
from waybill.domain.task_type import TaskType
from waybill_api.store.engine.database import Connection, Database
from waybill_api.store.engine.ids import Ids
from waybill_api.store.tables import events, stage_times, tallies, task_types, tasks, workers
from waybill_api.store.tables.output import run_logs, stage_results
from waybill_api.store.writing.departures import Departures
from waybill_api.store.writing.former_claims import FormerClaims


class Commit(NamedTuple):
    """What a transaction has done."""

    changes: list["Change"]
    types_deleted: frozenset[str] = frozenset()
    """The names of the task types that were removed."""
    types_changed: bool = False
    """Whether a task type was added, changed or removed; a paused one holds its tasks back."""
    types_put: tuple[TaskType, ...] = ()
    """The task types that were added or changed, as they are now."""
    worker_gone: bool = False
    """Whether a worker was declared gone; messages that it took may be lost."""
    outcomes: Mapping[Outcome, int] = MappingProxyType({})
    """How many reports were judged, by outcome."""
    malformed: int = 0
    """How many reports could not be read, and so were not judged."""
    created: int = 0
    """How many rows of `tasks` were inserted."""
    updated: int = 0
    """How many rows of `tasks` were updated."""
    operations: int = 0
    """How many operations shared the transaction."""
    seconds: float = 0.0
    """Seconds of the transaction, from its BEGIN."""
    disk_seconds: float = 0.0
    """Seconds of the COMMIT: mostly the wait for the disk."""
    steps: Mapping[tuple[str, Status], int] = MappingProxyType({})
    """By how much the number of tasks of each type and status has risen."""


class Change(NamedTuple):
    """What a transaction did to a task; None before it was created, and after it was deleted."""

    before: Task | None
    after: Task | None


class Unit:
    """The tasks that one transaction has loaded, and what they have become."""

    def __init__(
        self,
        database: Database,
        ids: Ids,
        now: int,
        departures: Departures | None = None,
        former: FormerClaims | None = None,
    ) -> None:
        """Begin with nothing loaded; `now` is the transaction's time in milliseconds."""
        self._departures = departures
        self.former = former or FormerClaims()
        """The claims of runs that are over."""
        self.database = database
        self.connection: Connection = database.connection()
        self.ids = ids
        self.now = now
        self.writes = 0
        """How many changes were made: it tells an operation that failed half-way from one that did nothing."""
        self.outcomes: Counter[Outcome] = Counter()
        """How many reports were judged, by outcome."""
        self.malformed = 0
        """How many reports could not be read."""
        self._created = self._updated = 0
        self._types_deleted: set[str] = set()
        self._steps: dict[tuple[str, Status], int] = {}
        self._types_put: dict[str, TaskType] = {}
        self._worker_gone = False
        self._before: dict[str, Task | None] = {}
        self._stored: dict[str, Task | None] = {}
        self._after: dict[str, Task | None] = {}
        self._keys: dict[TaskKey, str | None] = {}
        self._events: list[Event] = []
        self._stage_results: list[StageResult] = []
        self._types: dict[str, TaskType | None] = {}
        self._gone: dict[str, bool] = {}

    def prefetch(self, task_ids: Iterable[str]) -> None:
        """Load many tasks with few queries."""
        missing = list(dict.fromkeys(task_id for task_id in task_ids if task_id not in self._after))
        found = tasks.get_many(self.connection, missing)
        for task_id in missing:
            self._keep(task_id, found.get(task_id))

    def find(self, task_id: str) -> Task | None:
        """Return a task as this transaction sees it; None if there is none."""
        if task_id not in self._after:
            self._keep(task_id, tasks.get(self.connection, task_id))
        return self._after[task_id]

    def load(self, task_id: str) -> Task:
        """Return a task as this transaction sees it. Raises TaskNotFound."""
        task = self.find(task_id)
        if task is None:
            raise TaskNotFound()
        return task

    def add(self, task: Task) -> None:
        """Add a new task."""
        self._before[task.task_id] = self._stored[task.task_id] = None
        if task.external_key is not None:
            self._keys[TaskKey(task.type, task.external_key)] = task.task_id
        self.put(task)

    def put(self, task: Task) -> None:
        """Replace a loaded task by what it has become."""
        self._after[task.task_id] = task
        self.writes += 1

    def delete(self, task_id: str) -> None:
        """Remove a task, its history and what its runs have left."""
        task = self.load(task_id)
        self.flush()
        tasks.delete(self.connection, task_id)
        events.delete_of_task(self.connection, task_id)
        run_logs.delete_of_task(self.connection, task_id)
        if task.stages is not None:
            stage_results.delete_of_task(self.connection, task_id)
        self._stored[task_id] = self._after[task_id] = None
        if task.external_key is not None:
            self._keys[TaskKey(task.type, task.external_key)] = None
        self.writes += 1

    def prefetch_keys(self, keys: Iterable[TaskKey]) -> None:
        """Look up the ids of many tasks with few queries."""
        missing = list(dict.fromkeys(key for key in keys if key not in self._keys))
        self._keys |= dict.fromkeys(missing) | tasks.by_keys(self.connection, missing)

    def by_key(self, key: TaskKey) -> str | None:
        """Return the id of the task that has this key."""
        self.prefetch_keys((key,))
        return self._keys[key]

    def keep_result(self, left: StageResult) -> None:
        """Keep the result of a stage of a pipeline."""
        self._stage_results.append(left)
        self.writes += 1

    def as_granted(self, task: Task) -> Task:
        """Return a task as it is sent with a granted claim: past the first stage, `input` is the last result."""
        if task.position == 0:
            return task
        if self._stage_results:
            self.flush()
        return replace(task, input=stage_results.latest(self.connection, task.task_id, task.position - 1))

    def record(self, event: Event) -> None:
        """Append to the history."""
        self._events.append(event)
        self.writes += 1

    def record_own(self, task: Task, kind: EventKind, said: Mapping[str, Any] | None = None) -> None:
        """Append an event of what the API itself did to a task."""
        self.record(
            Event(
                task_id=task.task_id,
                attempt=task.attempt,
                run=task.run,
                kind=kind,
                task_status=task.status,
                recorded_at=self.now,
                said=said or {},
            )
        )

    def task_type(self, name: str) -> TaskType | None:
        """Return a task type."""
        if name not in self._types:
            self._types[name] = task_types.get(self.connection, name)
        return self._types[name]

    def put_type(self, task_type: TaskType) -> None:
        """Add or replace a task type."""
        task_types.put(self.connection, task_type)
        self._types[task_type.name] = self._types_put[task_type.name] = task_type
        self.writes += 1

    def delete_type(self, name: str) -> None:
        """Remove a task type."""
        task_types.delete(self.connection, name)
        stage_times.forget(self.connection, name)
        self._types_deleted.add(name)
        self._types_put.pop(name, None)
        self._types[name] = None
        self.writes += 1

    def has_been_left(self, task: Task) -> bool:
        """Return whether no worker may still execute an earlier run of a task."""
        return self._departures is None or self._departures.are_over(task)

    def is_gone(self, worker_id: str) -> bool:
        """Return whether a worker was declared gone."""
        if worker_id not in self._gone:
            self._gone[worker_id] = workers.is_gone(self.connection, worker_id)
        return self._gone[worker_id]

    def declare_gone(self, worker_id: str) -> None:
        """Refuse a worker's claims from now on."""
        workers.declare_gone(self.connection, worker_id, self.now)
        self._worker_gone = True
        self._gone[worker_id] = True
        self.writes += 1

    def set_draining(self, worker_id: str, wanted: bool) -> None:
        """Ask a worker to take no more tasks, or to go on."""
        workers.set_draining(self.connection, worker_id, self.now if wanted else None)
        self.writes += 1

    def is_type_in_use(self, name: str) -> bool:
        """Return whether any task is of this type."""
        self.flush()
        return tasks.exists_of_type(self.connection, name)

    def flush(self) -> None:
        """Write what has changed since the last flush, so that queries see it."""
        new: list[Task] = []
        known: list[tuple[Task, Task]] = []
        for task_id, task in self._after.items():
            stored = self._stored[task_id]
            if task is None or task is stored:
                continue
            if stored is None:
                new.append(task)
            else:
                known.append((stored, task))
        stage_results.insert(self.connection, self._stage_results)
        tasks.insert(self.connection, new)
        tasks.update(self.connection, known)
        events.insert(self.connection, self._events)
        self._created += len(new)
        self._updated += len(known)
        self._stored.update(self._after)
        self._events.clear()
        self._stage_results.clear()

    def tally(self) -> None:
        """Write how the numbers of tasks have changed; call it after the last `flush`."""
        steps = self._steps
        for task_id, after in self._after.items():
            before = self._before[task_id]
            if after is before or (before is not None and after is not None and before.status is after.status):
                continue
            if before is not None:
                left = before.type, before.status
                steps[left] = steps.get(left, 0) - 1
            if after is not None:
                reached = after.type, after.status
                steps[reached] = steps.get(reached, 0) + 1
        tallies.add(self.connection, ((name, int(status), step) for (name, status), step in steps.items() if step))

    def summary(self) -> Commit:
        """Return what this transaction has done."""
        changes = [
            Change(self._before[task_id], after)
            for task_id, after in self._after.items()
            if after is not self._before[task_id]
        ]
        return Commit(
            changes,
            types_deleted=frozenset(self._types_deleted),
            steps=self._steps,
            types_changed=bool(self._types_put or self._types_deleted),
            types_put=tuple(self._types_put.values()),
            worker_gone=self._worker_gone,
            outcomes=self.outcomes,
            malformed=self.malformed,
            created=self._created,
            updated=self._updated,
        )

    def _keep(self, task_id: str, task: Task | None) -> None:
        self._before[task_id] = self._stored[task_id] = self._after[task_id] = task
