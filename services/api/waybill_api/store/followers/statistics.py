"""Statistics: tasks by status, and the minutes of the last hour; in memory, updated by each commit."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from waybill.domain.durations import Durations
from waybill.domain.status import Status
from waybill.domain.task import Task
from waybill_api.store.tables.tasks import Recent
from waybill_api.store.writing.unit import Commit

MINUTE = 60_000
MINUTES = 60

MOST_TYPES = 200
"""The number of types whose minutes are kept; the totals are of all types."""

REMEMBERED = 20_000
"""How many of the latest tasks are read when the service starts."""


@dataclass(slots=True)
class Minute:
    """What happened in a minute, or in several."""

    created: int = 0
    completed: int = 0
    error: int = 0
    waits: Durations = field(default_factory=Durations)
    """The times from due to start, of tasks that workers run: a tracked task waits for no worker."""
    runs: Durations = field(default_factory=Durations)
    """The times from start to end."""

    def add(self, other: "Minute") -> None:
        """Add the counts of another one."""
        self.created += other.created
        self.completed += other.completed
        self.error += other.error
        for mine, theirs in ((self.waits, other.waits), (self.runs, other.runs)):
            for bucket, count in theirs.counts.items():
                mine.counts[bucket] = mine.counts.get(bucket, 0) + count
            mine.total += theirs.total


class Course(NamedTuple):
    """The counts and the last hour of a type, or of all types."""

    counts: dict[Status, int]
    minutes: list[Minute]
    """The last sixty minutes, the present one last."""

    @property
    def hour(self) -> Minute:
        """All minutes added up."""
        whole = Minute()
        for minute in self.minutes:
            whole.add(minute)
        return whole


class TypeCounts(NamedTuple):
    """The counts of a type's tasks and of the last hour, as a list of types shows them."""

    counts: dict[Status, int]
    hour: Minute
    completed: list[int]
    """By minute, the present one last."""
    error: list[int]


class _Happened(dict[tuple[str, int], Minute]):
    """What happened, by task type and number of the minute."""

    def __missing__(self, key: tuple[str, int]) -> Minute:
        minute = self[key] = Minute()
        return minute

    def take_in(self, before: Task | None, after: Task | Recent) -> None:
        """Count each transition of a task in its minute."""
        name = after.type
        if before is None:
            self[name, after.created_at // MINUTE].created += 1
        started, finished = after.started_at, after.finished_at
        if not after.is_tracked and started is not None and (before is None or before.started_at is None):
            due = after.created_at if before is None or before.due_at is None else before.due_at
            if before is not None or after.attempt == 1:
                self[name, started // MINUTE].waits.add(max(0, started - due))
        if finished is not None:
            minute = self[name, finished // MINUTE]
            if after.status is Status.COMPLETED:
                minute.completed += 1
            else:
                minute.error += 1
            if started is not None:
                minute.runs.add(finished - started)


ALL = ""
"""The key of all types together."""


class Statistics:
    """Follows every commit. The counts are exact, since they start from those in the database.

    Of the hour before the start only tasks that were created in it are known, and only the last REMEMBERED.
    """

    def __init__(self, tallies: Iterable[tuple[str, int, int]], recent: Iterable[Task | Recent]) -> None:
        """Begin with what `tallies.everything` and `tasks.recent` return."""
        self._lock = Lock()
        self._counts: dict[str, Counter[Status]] = {}
        self._minutes: dict[str, dict[int, Minute]] = {ALL: {}}
        self._oldest = 0
        for type_name, status, count in tallies:
            self._count(type_name, Status(status), count)
        happened = _Happened()
        for task in recent:
            happened.take_in(None, task)
        self._add(happened)

    def notice(self, commit: Commit) -> None:
        """Count the changes of a commit; runs in the writer's thread."""
        if not commit.changes:
            return
        happened = _Happened()
        for before, after in commit.changes:
            if after is not None and (
                before is None or before.status is not after.status or before.attempt != after.attempt
            ):
                happened.take_in(before, after)
        with self._lock:
            for (type_name, status), step in commit.steps.items():
                self._count(type_name, status, step)
            self._add(happened)

    def course(self, now: int, type_name: str = ALL) -> Course:
        """Return the counts and the last hour of a type, or of all types, at `now`."""
        present = now // MINUTE
        with self._lock:
            kept = self._minutes.get(type_name, {})
            copies = [Minute() for _ in range(MINUTES)]
            for copy, number in zip(copies, range(present - MINUTES + 1, present + 1), strict=True):
                if number in kept:
                    copy.add(kept[number])
            return Course(self._counted(type_name), copies)

    def standing(self, now: int, type_name: str) -> TypeCounts:
        """Return the short form for a type, without a copy of its minutes."""
        first = now // MINUTE - MINUTES + 1
        hour = Minute()
        completed, error = [0] * MINUTES, [0] * MINUTES
        with self._lock:
            for number, minute in self._minutes.get(type_name, {}).items():
                if first <= number < first + MINUTES:
                    hour.add(minute)
                    completed[number - first], error[number - first] = minute.completed, minute.error
            return TypeCounts(self._counted(type_name), hour, completed, error)

    def ended(self, now: int, minutes: int) -> dict[str, tuple[int, int]]:
        """Return, by type, how many tasks were completed and failed in the last `minutes`; only types with any."""
        numbers = range(now // MINUTE - minutes + 1, now // MINUTE + 1)
        found: dict[str, tuple[int, int]] = {}
        with self._lock:
            for name, kept in self._minutes.items():
                lately = [kept[number] for number in numbers if number in kept]
                if lately and name != ALL:
                    found[name] = sum(one.completed for one in lately), sum(one.error for one in lately)
        return found

    def types(self) -> list[str]:
        """Return the names of the types that have tasks, or had some in the last hour."""
        with self._lock:
            counted = {name for name, counts in self._counts.items() if any(counts.values())}
            return sorted((counted | self._minutes.keys()) - {ALL})

    def _counted(self, type_name: str) -> dict[Status, int]:
        counted = self._counts.get(type_name, Counter())
        return {status: counted[status] for status in Status}

    def _count(self, type_name: str, status: Status, step: int) -> None:
        for name in (ALL, type_name):
            self._counts.setdefault(name, Counter())[status] += step

    def _add(self, happened: "_Happened") -> None:
        for (type_name, number), what in happened.items():
            for minute in self._at(type_name, number):
                minute.add(what)

    def _at(self, type_name: str, number: int) -> list[Minute]:
        """Return the minutes of all types and of this one, and forget those that are older than an hour."""
        if number > self._oldest + MINUTES:
            self._oldest = number - MINUTES
            for minutes in self._minutes.values():
                for old in [one for one in minutes if one < self._oldest]:
                    del minutes[old]
            self._minutes = {name: minutes for name, minutes in self._minutes.items() if minutes or name == ALL}
        names = [ALL]
        if type_name in self._minutes or len(self._minutes) <= MOST_TYPES:
            names.append(type_name)
        return [self._minutes.setdefault(name, {}).setdefault(number, Minute()) for name in names]
