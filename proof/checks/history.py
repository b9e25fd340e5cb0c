"""The history: each task's story, told from its events alone, with all that must not happen in it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from proof.record import Json
from waybill.domain.event import EventKind
from waybill.domain.status import ErrorCode, Outcome, Status
from waybill.wire.timestamps import milliseconds_of

SPOKEN = ("status", "stage", "progress", "result", "error")
"""What only the holder of a run may say about a task with a handler."""


class State(Enum):
    """What a task waits for."""

    WAITING = auto()
    """Due and unclaimed."""
    DELAYED = auto()
    """A failed attempt waits for its back-off."""
    HELD = auto()
    FINAL = auto()


class Phase(NamedTuple):
    """A part of a task's life, from `since` (milliseconds since the epoch) to the next phase."""

    since: int
    state: State
    holder: str | None = None
    """The worker that holds the task, if one does."""


@dataclass(slots=True)
class Story:
    """The history of one task. It counts what must not happen, except in `crashes`, `losses` and `claims`."""

    task_id: str
    status: Status = Status.NEW
    attempt: int = 1
    run: int = 1
    holder: tuple[str, int] | None = None
    crashes: int = 0
    losses: int = 0
    """Crashes of this task alone, and other lost workers, since the last explicit retry."""
    is_created: bool = False
    finals: dict[int, Status] = field(default_factory=dict)
    """The final status of each attempt that ended the task; the retry policy began no other."""
    claims: Counter[int] = field(default_factory=Counter)
    """The number of claimed runs of each attempt."""
    cancelled: set[int] = field(default_factory=set)
    retried: set[int] = field(default_factory=set)
    """The attempts that a retry opened."""
    phases: list[Phase] = field(default_factory=list)
    backwards: int = 0
    second_finals: int = 0
    usurped: int = 0
    """Changes by a source that did not hold the run, and statuses that changed although nothing was applied."""

    def tell(self, event: Json, at: int) -> None:
        """Go on with the next event, recorded `at`."""
        after = Status(event["task_status"])
        kind = EventKind(event["kind"])
        is_applied = event["outcome"] == Outcome.APPLIED
        if kind is EventKind.CREATE:
            self.is_created = True
            self._enter(at, State.WAITING)
            return
        if is_applied and self._opens_an_attempt(event, kind, after):
            self._open(event, kind, at)
            return
        self._check_status(after, is_applied, self._says_an_end(event, kind, after) if is_applied else False)
        if is_applied:
            self._apply(event, kind, at)
        if after.is_final and not self.status.is_final:
            self.finals[self.attempt] = after
            self._enter(at, State.FINAL)
        self.status = after

    def _opens_an_attempt(self, event: Json, kind: EventKind, after: Status) -> bool:
        if after is not Status.NEW:
            return False
        failed = kind is EventKind.REPORT and event.get("status") == Status.ERROR
        return kind in (EventKind.RETRY, EventKind.TIMEOUT) or failed

    def _open(self, event: Json, kind: EventKind, at: int) -> None:
        is_retry = kind is EventKind.RETRY
        # A retry follows a final status, and the retry policy comes before one.
        if self.status.is_final is not is_retry:
            self.backwards += 1
        if kind is EventKind.REPORT and (event["source"], event["run"]) != self.holder:
            self.usurped += 1
        self.attempt += 1
        self.run += 1
        self.holder = None
        self.status = Status.NEW
        if is_retry:
            self.crashes = self.losses = 0
            self.retried.add(self.attempt)
        self._enter(at, State.WAITING if is_retry else State.DELAYED)

    def _check_status(self, after: Status, is_applied: bool, says_an_end: bool) -> None:
        if after.rank < self.status.rank:
            self.backwards += 1
        elif self.status.is_final and (after is not self.status or says_an_end):
            self.second_finals += 1
        elif after is not self.status and not is_applied:
            self.usurped += 1

    def _says_an_end(self, event: Json, kind: EventKind, after: Status) -> bool:
        if kind is EventKind.REPORT:
            return event.get("status") in (Status.COMPLETED, Status.ERROR)
        return kind is EventKind.CANCEL or (kind in (EventKind.RELEASE, EventKind.TIMEOUT) and after.is_final)

    def _apply(self, event: Json, kind: EventKind, at: int) -> None:
        if kind is EventKind.CLAIM:
            self.usurped += self.holder is not None or event["run"] != self.run
            self.holder = (event["source"], event["run"])
            self.claims[self.attempt] += 1
            self._enter(at, State.HELD, event["source"])
        elif kind is EventKind.RELEASE:
            self.crashes += bool(event.get("crashed") and event.get("alone"))
            self.losses += bool(event.get("crashed") and not event.get("alone"))
            self.run = event["run"]
            self.holder = None
            self._enter(at, State.WAITING)
        elif kind is EventKind.CANCEL:
            self.cancelled.add(self.attempt)
            self.holder = None
        elif kind is EventKind.REPORT and any(said in event for said in SPOKEN):
            self.usurped += (event["source"], event["run"]) != self.holder
            # A crash that is not the last one is followed by the release of its run.
            self.crashes += Status(event["task_status"]).is_final and _is_crash(event)

    def _enter(self, at: int, state: State, holder: str | None = None) -> None:
        self.phases.append(Phase(at, state, holder))


def _is_crash(event: Json) -> bool:
    return (event.get("error") or {}).get("code") == ErrorCode.WORKER_LOST


def read(events: Iterable[Json]) -> dict[str, Story]:
    """Return the story of each task, from the whole history, oldest event first."""
    stories: dict[str, Story] = {}
    for event in events:
        story = stories.setdefault(event["task_id"], Story(event["task_id"]))
        story.tell(event, moment(event["recorded_at"]))
    return stories


def moment(text: str) -> int:
    """Return a time of the wire, such as `2026-01-31T09:30:00.250Z`, in milliseconds since the epoch."""
    return milliseconds_of(datetime.fromisoformat(text))
