"""The open tasks of each stage: counted as they move, so that a read costs no scan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from waybill.domain.durations import Durations
from waybill.domain.status import ErrorCode
from waybill.domain.task import Task
from waybill.domain.task_type import TaskType
from waybill_api.store import tables
from waybill_api.store.engine.database import Connection
from waybill_api.store.tables.tasks import Oldest
from waybill_api.store.writing.unit import Change, Commit

MOST_TIMED = 200
"""The number of stages of a type whose times are kept; reports may name any number of stages."""


class TypeStage(NamedTuple):
    """A stage of a type; None before the first one, and if there are no stages."""

    type: str
    stage: str | None


@dataclass(slots=True)
class OpenTasks:
    """How many tasks are open at a stage, and how many of them are silent."""

    tasks: int = 0
    silent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStanding:
    """The open tasks of a stage, and how long tasks have stayed there."""

    stage: str | None
    tasks: int
    silent: int
    timed: int
    """How many stays `p50` and `p95`, in seconds, are computed from."""
    p50: float | None
    p95: float | None


class Whereabouts:
    """Counts the open tasks of each stage, and how long they stay there.

    The counts are exact: they are read once at the start, and follow every commit. The store writes the times every
    minute and when it closes, so that a crash loses those of its last minute. A stay counts when the task goes on, or
    ends by itself; stages that are passed within one commit are not seen.
    """

    def __init__(
        self,
        counted: Iterable[tuple[str, str | None, int, int]],
        timed: Iterable[tuple[str, str | None, Mapping[int, int]]],
    ) -> None:
        """Begin with what `tasks.open_by_stage` and `stage_times.everything` return."""
        self._lock = Lock()
        self._crowds: dict[str, dict[str | None, OpenTasks]] = {}
        self._times: dict[str, dict[str | None, Durations]] = {}
        self._unsaved: set[TypeStage] = set()
        for type_name, stage, tasks, silent in counted:
            self._crowds.setdefault(type_name, {})[stage] = OpenTasks(tasks, silent)
        for type_name, stage, times in timed:
            self._times.setdefault(type_name, {})[stage] = Durations(times)

    def notice(self, commit: Commit) -> None:
        """Count the changes of a commit; runs in the writer's thread."""
        with self._lock:
            for change in commit.changes:
                self._follow(change)
            for name in commit.types_deleted:
                self._times.pop(name, None)
                self._unsaved = {place for place in self._unsaved if place.type != name}

    def unsaved(self) -> Sequence[tuple[str, str | None, Mapping[int, int]]]:
        """Return the times that have changed since the last call."""
        with self._lock:
            changed = [(*place, dict(self._times[place.type][place.stage].counts)) for place in self._unsaved]
            self._unsaved.clear()
        return changed

    def silent(self) -> dict[str, int]:
        """Return how many tasks are silent, by type."""
        with self._lock:
            counted = {name: sum(crowd.silent for crowd in crowds.values()) for name, crowds in self._crowds.items()}
            return {name: count for name, count in counted.items() if count}

    def of(self, type_name: str, stages: Iterable[str] = ()) -> list[StageStanding]:
        """Return the stages of a type: a pipeline's `stages` in their order, others by name."""
        with self._lock:
            crowds, times = self._crowds.get(type_name, {}), self._times.get(type_name, {})
            listed = list(stages)
            more = sorted((crowds.keys() | times.keys()) - set(listed), key=lambda stage: stage or "")
            return [_standing(stage, crowds.get(stage, OpenTasks()), times.get(stage)) for stage in (*listed, *more)]

    def _follow(self, change: Change) -> None:
        before, after = change
        was_there, is_there = _is_open(before), _is_open(after)
        if before is not None and was_there:
            if after is not None and is_there and _is_same_stay(before, after):
                return
            self._count(before, -1)
            if after is not None and not _is_cut_off(before, after):
                self._time(before, after)
        if after is not None and is_there:
            self._count(after, 1)

    def _count(self, task: Task, step: int) -> None:
        crowds = self._crowds.setdefault(task.type, {})
        crowd = crowds.setdefault(task.stage, OpenTasks())
        crowd.tasks += step
        crowd.silent += step if task.silent_at is not None else 0
        if crowd.tasks == 0:
            del crowds[task.stage]

    def _time(self, before: Task, after: Task) -> None:
        times = self._times.setdefault(before.type, {})
        if before.stage not in times and len(times) >= MOST_TIMED:
            return
        end = after.finished_at if after.finished_at is not None else after.stage_since
        times.setdefault(before.stage, Durations()).add(end - before.stage_since)
        self._unsaved.add(TypeStage(before.type, before.stage))


def standings_of(
    connection: Connection, whereabouts: Whereabouts, name: str
) -> tuple[TaskType, list[StageStanding], dict[str | None, Oldest]]:
    """Return a type, its stages, and the oldest open task of each stage. Raises TaskTypeNotFound."""
    task_type = tables.task_types.load(connection, name)
    found = whereabouts.of(name, task_type.stages or ())
    return task_type, found, tables.tasks.oldest(connection, name, [one.stage for one in found if one.tasks])


def _is_open(task: Task | None) -> bool:
    return task is not None and not task.status.is_final


def _is_same_stay(before: Task, after: Task) -> bool:
    return (
        before.stage == after.stage
        and before.attempt == after.attempt
        and (before.silent_at is None) == (after.silent_at is None)
    )


def _is_cut_off(before: Task, after: Task) -> bool:
    """Whether a stay does not count: it goes on, or the task was ended from outside."""
    if after.status.is_final:
        return after.error is not None and after.error.code is not ErrorCode.FAILED
    return before.attempt == after.attempt and (before.stage == after.stage or before.stages != after.stages)


def _standing(stage: str | None, crowd: OpenTasks, times: Durations | None) -> StageStanding:
    durations = times or Durations()
    return StageStanding(
        stage=stage,
        tasks=crowd.tasks,
        silent=crowd.silent,
        timed=durations.total,
        p50=durations.quantile(0.5),
        p95=durations.quantile(0.95),
    )
