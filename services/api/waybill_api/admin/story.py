"""The story of a task, read from its history: phases with their lengths, and its attempts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from waybill.domain.event import Event, EventKind
from waybill.domain.status import Outcome, Status


class Kind(StrEnum):
    """What a task does in a phase."""

    WAITING = "Waiting"
    RUNNING = "Running"
    BETWEEN = "Between attempts"
    OVER = "Over"
    UNTOLD = "Not shown"
    """Unknown: this part of a long history is left out."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A time in which a task does one thing. Times are in milliseconds; `end` is None while the phase lasts."""

    kind: Kind
    attempt: int
    start: int
    end: int | None = None
    stage: str | None = None

    def length(self, now: int) -> int:
        """Return how long it has lasted."""
        return max(0, (now if self.end is None else self.end) - self.start)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution by a worker, or one attempt that outside services report on."""

    attempt: int
    run: int
    source: str
    start: int | None
    """None if that part of the history is left out."""
    end: int | None = None
    ending: str = ""
    """The reason of its end: a kind of event, or the name of a status."""
    error: Mapping[str, Any] | None = None


def phases(history: Sequence[Event], latest: Sequence[Event] = ()) -> list[Phase]:
    """Return the phases of a task, from its creation to the present or its end.

    Of a long history, `history` is the beginning and `latest` the end; the middle is left out.
    """
    found: list[Phase] = []
    for event in history:
        _follow(found, event)
    if latest:
        _close(found, history[-1].recorded_at)
        found.append(Phase(Kind.UNTOLD, history[-1].attempt, history[-1].recorded_at))
    for event in latest:
        _follow(found, event)
    return found[:-1] if found and found[-1].kind is Kind.OVER else found


def _follow(found: list[Phase], event: Event) -> None:
    before = found[-1].kind if found else Kind.WAITING
    if event.outcome is not Outcome.APPLIED and before is not Kind.UNTOLD:
        return
    kind = _kind_after(event, before)
    opens = event.kind in (EventKind.ADVANCE, EventKind.RELEASE, EventKind.CLAIM)
    if found and before is kind and not opens:
        return
    _close(found, event.recorded_at)
    # A failing report has the number of its own attempt; the API's own events have that of the next one.
    attempt = event.attempt + (kind is Kind.BETWEEN and event.kind is EventKind.REPORT)
    found.append(Phase(kind, attempt, event.recorded_at, None, event.said.get("stage")))


def _close(found: list[Phase], end: int) -> None:
    if found:
        found[-1] = replace(found[-1], end=end)


def _kind_after(event: Event, before: Kind) -> Kind:
    if event.task_status.is_final:
        return Kind.OVER
    if before is Kind.UNTOLD:
        before = Kind.WAITING if event.task_status is Status.NEW else Kind.RUNNING
    if event.outcome is not Outcome.APPLIED:
        return before
    if event.kind in (EventKind.CREATE, EventKind.ADVANCE, EventKind.RELEASE, EventKind.RETRY):
        return Kind.WAITING
    if event.kind is EventKind.CLAIM:
        return Kind.RUNNING
    if event.task_status is Status.NEW:
        return Kind.BETWEEN if before is Kind.RUNNING else before
    return Kind.RUNNING if event.said.get("status") == Status.PROCESSING else before


def runs(history: Iterable[Event], latest: Sequence[Event] = ()) -> list[Run]:
    """Return the attempts of a task, oldest first; `latest` is as in `phases`."""
    found: dict[int, Run] = {}
    for event in history:
        _take_in(found, event, event.recorded_at)
    for event in latest:
        # This run began before the part that is shown, unless its claim is in it.
        is_begun = event.kind is not EventKind.CLAIM and event.run == latest[0].run
        _take_in(found, event, None if is_begun else event.recorded_at)
    return list(found.values())


def _take_in(found: dict[int, Run], event: Event, start: int | None) -> None:
    if event.outcome is not Outcome.APPLIED:
        return
    # If the API takes a run from a worker, the event has the next run's number, and names the one taken.
    number = event.said.get("run", event.run) if event.kind in TAKEN else event.run
    if event.kind is EventKind.CLAIM or (event.kind is EventKind.REPORT and number not in found):
        found[number] = Run(event.attempt, number, event.source, start)
    ending = _ending_of(event)
    if number in found and found[number].end is None and ending:
        error = event.said.get("error")
        found[number] = replace(found[number], end=event.recorded_at, ending=ending, error=error)


TAKEN = (EventKind.RELEASE, EventKind.TIMEOUT)


def _ending_of(event: Event) -> str:
    if event.kind is EventKind.REPORT:
        status = event.said.get("status")
        return Status(status).name if status in (Status.COMPLETED, Status.ERROR) else ""
    if event.kind in (*TAKEN, EventKind.CANCEL):
        return event.kind.value
    return ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A phase as a part of a strip of the width WIDTH."""

    phase: Phase
    x: float
    width: float


WIDTH = 1_000
LEAST = 6.0
"""The least width of a phase, however short it is."""


def strip(found: Sequence[Phase], now: int) -> Iterator[Bar]:
    """Yield the phases side by side, with widths in proportion to their lengths."""
    whole = sum(phase.length(now) for phase in found) or 1
    wide = [max(LEAST, WIDTH * phase.length(now) / whole) for phase in found]
    scale, x = WIDTH / sum(wide) if wide else 1.0, 0.0
    for phase, width in zip(found, wide, strict=True):
        yield Bar(phase, round(x, 2), round(width * scale, 2))
        x += width * scale
