"""The checker: it finds what in the record of a run breaks a promise. Pure: it takes data and returns data."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from proof.checks import healing
from proof.checks.healing import Healing
from proof.checks.history import Story, read
from proof.plan import Control
from proof.record import Create, Json, Record, frozen
from waybill.domain.status import ErrorCode, Status
from waybill.domain.transitions import CRASH_BUDGET, LOSS_BUDGET

EXAMPLES = 5
"""How many examples of each kind of violation are kept."""


@dataclass(slots=True)
class Violations:
    """How often each promise was broken; every count must be 0."""

    unanswered: int = 0
    """Creates that were never acknowledged, although the load repeated them until the end."""
    lost: int = 0
    """Creates, cancels and retries that were acknowledged and left no trace."""
    unexpected: int = 0
    """Tasks, cancels and retries that the load did not ask for, or that happened twice."""
    wrong_final: int = 0
    """Tasks with another end than the plan or their history says."""
    backwards: int = 0
    """Statuses that went back within an attempt, in the history or in a watcher's answers."""
    two_finals: int = 0
    """Attempts that ended twice."""
    stuck: int = 0
    """Tasks that had not ended when the time was up."""
    changed_after_final: int = 0
    """Final tasks whose status, result, error or finish time changed later."""
    usurped: int = 0
    """Changes of a task by a source that did not hold its run."""
    rewritten: int = 0
    """Events that a watcher saw and that the history lacks, or has with another content."""

    @property
    def total(self) -> int:
        """The number of all violations."""
        return sum(getattr(self, one.name) for one in fields(self))


@dataclass(slots=True)
class Findings:
    """What the checker has found."""

    acknowledged: int = 0
    """Creates that were answered with 201."""
    violations: Violations = field(default_factory=Violations)
    worker_lost: int = 0
    """Tasks that ended in ERROR `worker_lost` after many crashes, as they must: no violation."""
    double_runs: int = 0
    """Runs of an attempt after its first: the price of "at least once"."""
    healing: Healing = field(default_factory=Healing)
    examples: dict[str, list[str]] = field(default_factory=dict)
    """For each kind of violation some task ids, with a word on the cause."""

    def blame(self, kind: str, example: str, count: int = 1) -> None:
        """Count a violation."""
        if not count:
            return
        setattr(self.violations, kind, getattr(self.violations, kind) + count)
        shown = self.examples.setdefault(kind, [])
        if len(shown) < EXAMPLES:
            shown.append(example)


def check(record: Record) -> Findings:
    """Return all findings in a record."""
    stories = read(record.events)
    tasks = {task["task_id"]: task for task in record.tasks}
    findings = Findings(
        acknowledged=sum(create.task_id is not None for create in record.creates),
        double_runs=sum(runs - 1 for story in stories.values() for runs in story.claims.values()),
        healing=healing.measure(stories.values(), record.deeds),
    )
    _check_creates(findings, record, tasks, stories)
    _check_asked(findings, record, stories)
    endings = _endings(record.creates, tasks)
    for task_id, task in tasks.items():
        _check_end(findings, task, endings.get(task_id), stories.get(task_id, Story(task_id)))
    for story in stories.values():
        findings.blame("backwards", f"{story.task_id}: in its history", story.backwards)
        findings.blame("two_finals", story.task_id, story.second_finals)
        findings.blame("usurped", story.task_id, story.usurped)
    _check_looks(findings, record, tasks, stories)
    _check_seen(findings, record)
    return findings


def _check_creates(findings: Findings, record: Record, tasks: Mapping[str, Json], stories: Mapping[str, Story]) -> None:
    for create in record.creates:
        if create.task_id is None:
            findings.blame("unanswered", create.name)
        elif create.task_id not in tasks:
            findings.blame("lost", f"{create.task_id}: created, and not there")
        elif create.task_id not in stories or not stories[create.task_id].is_created:
            findings.blame("lost", f"{create.task_id}: not in the history")
    promised = {create.name: create.task_id for create in record.creates}
    seen: Counter[str] = Counter()
    for task in record.tasks:
        name, task_id = task["name"], task["task_id"]
        seen[name] += 1
        if name not in promised:
            findings.blame("unexpected", f"{task_id}: nobody asked for {name!r}")
        elif promised[name] not in (None, task_id) or (promised[name] is None and seen[name] > 1):
            findings.blame("unexpected", f"{task_id}: another {name!r}")
    listed = Counter(task["task_id"] for task in record.tasks)
    for task_id, count in listed.items():
        findings.blame("unexpected", f"{task_id}: listed twice", count - 1)


def _check_asked(findings: Findings, record: Record, stories: Mapping[str, Story]) -> None:
    asked = {(one.task_id, one.control, one.attempt) for one in record.asked}
    done = {
        *((story.task_id, Control.CANCEL, attempt) for story in stories.values() for attempt in story.cancelled),
        *((story.task_id, Control.RETRY, attempt - 1) for story in stories.values() for attempt in story.retried),
    }
    for one in record.asked:
        if one.is_acknowledged and (one.task_id, one.control, one.attempt) not in done:
            findings.blame("lost", f"{one.task_id}: {one.control.value} of attempt {one.attempt}")
    for task_id, control, attempt in sorted(done - asked):
        findings.blame("unexpected", f"{task_id}: {control.value} of attempt {attempt}")


def _endings(creates: Sequence[Create], tasks: Mapping[str, Json]) -> dict[str, Create]:
    """Return the create of each task; a create without an answer is found by its name."""
    by_name = {create.name: create for create in creates}
    return {task_id: by_name[task["name"]] for task_id, task in tasks.items() if task["name"] in by_name}


def _check_end(findings: Findings, task: Json, create: Create | None, story: Story) -> None:
    task_id, status = task["task_id"], Status(task["status"])
    if not status.is_final:
        findings.blame("stuck", f"{task_id}: {status.name} in run {task['run']}")
        return
    code = None if task["error"] is None else task["error"]["code"]
    if story.finals.get(task["attempt"]) is not status or story.status is not status:
        findings.blame("wrong_final", f"{task_id}: {status.name}, but its history says {story.status.name}")
    elif code == ErrorCode.WORKER_LOST and (story.crashes >= CRASH_BUDGET or story.losses >= LOSS_BUDGET):
        findings.worker_lost += 1
    elif (code == ErrorCode.CANCELLED) is not (task["attempt"] in story.cancelled):
        findings.blame("wrong_final", f"{task_id}: {code}, and the history has another end")
    elif code != ErrorCode.CANCELLED and create is not None:
        ending = create.ending
        if (status, code, task["result"]) != (ending.status, ending.code, ending.result):
            findings.blame("wrong_final", f"{task_id}: {status.name} {code or ''} {_short(task['result'])}")


def _check_looks(findings: Findings, record: Record, tasks: Mapping[str, Json], stories: Mapping[str, Story]) -> None:
    latest: dict[tuple[str, str], tuple[int, int]] = {}
    ends: dict[tuple[str, int], set[tuple[int, str]]] = defaultdict(set)
    for look in record.looks:
        position = (look.attempt, Status(look.status).rank)
        before = latest.get((look.watcher, look.task_id), position)
        if position < before:
            findings.blame("backwards", f"{look.task_id}: seen at (attempt, rank) {before}, then {position}")
        latest[look.watcher, look.task_id] = position
        if Status(look.status).is_final:
            ends[look.task_id, look.attempt].add((look.status, look.frozen))
    for (task_id, attempt), seen in ends.items():
        seen |= set(_final_ends(tasks.get(task_id), attempt))
        told = stories[task_id].finals.get(attempt) if task_id in stories else None
        if len(seen) > 1 or any(status != told for status, _ in seen):
            findings.blame("changed_after_final", f"{task_id}: attempt {attempt} was seen as {_short(sorted(seen))}")


def _final_ends(task: Json | None, attempt: int) -> Iterator[tuple[int, str]]:
    if task is not None and task["attempt"] == attempt:
        yield task["status"], frozen(task)


def _check_seen(findings: Findings, record: Record) -> None:
    texts = {event["event_id"]: text(event) for event in record.events}
    for event_id, seen in record.seen.items():
        if texts.get(event_id) != seen:
            findings.blame("rewritten", f"event {event_id}: {_short(seen)}")


def text(event: Json) -> str:
    """Return an event as text, for comparison."""
    return repr(sorted(event.items()))


def _short(value: Any) -> str:
    return f"{value!r:.200}"
