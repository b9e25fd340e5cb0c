"""The story of a task as its history tells it."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from waybill.domain.event import Event, EventKind
from waybill.domain.status import Outcome, Status
from waybill_api.admin.pages.task import took
from waybill_api.admin.story import WIDTH, Kind, phases, runs, strip

WORKER = "w-1"


def event(at: int, kind: EventKind, after: Status, run: int = 1, attempt: int = 1, **said: Any) -> Event:
    source = WORKER if kind in (EventKind.CLAIM, EventKind.REPORT) else "api"
    return Event(
        task_id="t",
        attempt=attempt,
        run=run,
        source=source,
        kind=kind,
        task_status=after,
        recorded_at=at,
        said=said,
    )


FAILED = {"code": "failed", "message": "no"}
TWO_ATTEMPTS = [
    event(0, EventKind.CREATE, Status.NEW),
    event(10, EventKind.CLAIM, Status.PROCESSING, status=2),
    event(30, EventKind.REPORT, Status.NEW, status=4, error=FAILED),
    event(60, EventKind.CLAIM, Status.PROCESSING, 2, 2, status=2),
    event(70, EventKind.REPORT, Status.PROCESSING, 2, 2, progress=0.5),
    event(100, EventKind.REPORT, Status.COMPLETED, 2, 2, status=3),
]


def told(history: list[Event]) -> list[tuple[Kind, int, int, int | None]]:
    return [(phase.kind, phase.attempt, phase.start, phase.end) for phase in phases(history)]


def test_each_gap_between_two_events_has_its_name() -> None:
    assert told(TWO_ATTEMPTS) == [
        (Kind.WAITING, 1, 0, 10),
        (Kind.RUNNING, 1, 10, 30),
        (Kind.BETWEEN, 2, 30, 60),
        (Kind.RUNNING, 2, 60, 100),
    ]


def test_a_retry_shows_for_how_long_it_was_over() -> None:
    again = [*TWO_ATTEMPTS, event(150, EventKind.RETRY, Status.NEW, 3, 3)]
    assert told(again)[-2:] == [(Kind.OVER, 2, 100, 150), (Kind.WAITING, 3, 150, None)]


def test_stale_reports_are_no_part_of_it() -> None:
    stale = Event(
        task_id="t",
        attempt=1,
        run=1,
        kind=EventKind.REPORT,
        outcome=Outcome.STALE,
        task_status=Status.NEW,
        recorded_at=50,
    )
    assert told([*TWO_ATTEMPTS[:3], stale, *TWO_ATTEMPTS[3:]]) == told(TWO_ATTEMPTS)


def test_a_worker_that_is_lost_ends_its_run_and_not_the_next() -> None:
    lost = [
        *TWO_ATTEMPTS[:2],
        # The API records what it did with the run that follows.
        Event(
            task_id="t",
            attempt=1,
            run=2,
            kind=EventKind.RELEASE,
            task_status=Status.PROCESSING,
            recorded_at=20,
            said={"worker": WORKER, "run": 1},
        ),
        event(40, EventKind.CLAIM, Status.PROCESSING, 2, status=2),
    ]
    assert told(lost) == [
        (Kind.WAITING, 1, 0, 10),
        (Kind.RUNNING, 1, 10, 20),
        (Kind.WAITING, 1, 20, 40),
        (Kind.RUNNING, 1, 40, None),
    ]
    assert [(run.run, run.end, run.ending) for run in runs(lost)] == [(1, 20, "release"), (2, None, "")]


def test_attempts_say_who_ran_them_and_why_they_failed() -> None:
    first, second = runs(TWO_ATTEMPTS)
    assert (first.source, first.start, first.end, first.ending, first.error) == (WORKER, 10, 30, "ERROR", FAILED)
    assert (second.attempt, second.ending, second.error) == (2, "COMPLETED", None)


def reports(*times: int, run: int = 1, attempt: int = 1) -> list[Event]:
    return [event(at, EventKind.REPORT, Status.PROCESSING, run, attempt, progress=0.5) for at in times]


def test_what_is_left_out_of_a_long_history_is_a_phase_of_its_own() -> None:
    head = [*TWO_ATTEMPTS[:2], *reports(20)]
    tail = [*reports(80, run=2, attempt=2), event(90, EventKind.REPORT, Status.COMPLETED, 2, 2, status=3)]
    assert [(phase.kind, phase.attempt, phase.start, phase.end) for phase in phases(head, tail)] == [
        (Kind.WAITING, 1, 0, 10),
        (Kind.RUNNING, 1, 10, 20),
        (Kind.UNTOLD, 1, 20, 80),
        (Kind.RUNNING, 2, 80, 90),
    ]
    first, second = runs(head, tail)
    assert (first.start, first.end) == (10, None)
    assert (second.start, second.end, second.ending) == (None, 90, "COMPLETED"), "it began where nothing is told"


def test_a_run_that_goes_on_over_what_is_left_out_is_one_run() -> None:
    [run] = runs(TWO_ATTEMPTS[:2], [*reports(80), event(90, EventKind.REPORT, Status.COMPLETED, status=3)])
    assert (run.start, run.end, run.ending) == (10, 90, "COMPLETED")


def test_runs_that_begin_after_what_is_left_out_tell_when() -> None:
    tail = [
        *reports(50, run=2, attempt=2),
        event(60, EventKind.RETRY, Status.NEW, 3, 3),
        *reports(70, run=3, attempt=3),
    ]
    assert [(run.run, run.start) for run in runs(TWO_ATTEMPTS[:2], tail)] == [(1, 10), (2, None), (3, 70)]
    claimed = [event(50, EventKind.CLAIM, Status.PROCESSING, 2, 2, status=2)]
    assert [(run.run, run.start) for run in runs(TWO_ATTEMPTS[:2], claimed)] == [(1, 10), (2, 50)]


def test_what_is_left_out_ends_even_where_only_stale_reports_follow() -> None:
    stale = [replace(one, outcome=Outcome.STALE) for one in reports(80, 90)]
    assert [(phase.kind, phase.start, phase.end) for phase in phases(TWO_ATTEMPTS[:2], stale)][1:] == [
        (Kind.RUNNING, 10, 10),
        (Kind.UNTOLD, 10, 80),
        (Kind.RUNNING, 80, None),
    ]
    over = [replace(one, task_status=Status.COMPLETED) for one in stale]
    assert phases(TWO_ATTEMPTS[:2], over)[-1].end == 80


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.sampled_from(list(EventKind)), st.sampled_from(list(Status))), max_size=30
    ),
    st.integers(0, 29),
)
def test_whatever_the_history_phases_follow_each_other_and_fill_the_strip(
    said: list[tuple[int, EventKind, Status]], head: int
) -> None:
    history = [event(at, kind, status) for at, kind, status in sorted(said, key=lambda one: one[0])]
    found = phases(history[: head + 1], history[head + 1 :])
    assert all(earlier.end == later.start for earlier, later in pairwise(found))
    bars = list(strip(found, 10**9))
    assert len(bars) == len(found)
    assert all(bar.width > 0 for bar in bars)
    if bars:
        assert abs(bars[-1].x + bars[-1].width - WIDTH) < 0.1


def test_a_stage_that_is_over_tells_how_long_it_took() -> None:
    stage = {"started_at": "2026-01-31T09:30:00.262Z", "finished_at": "2026-01-31T09:30:02.512Z"}
    assert took(stage) == 2_250  # type: ignore[arg-type]
    assert took(stage | {"finished_at": None}) is None  # type: ignore[arg-type]
