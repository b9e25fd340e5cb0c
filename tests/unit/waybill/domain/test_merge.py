"""The report protocol: what a report may change, and what it may not."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.domain.merge import METADATA_CAP, merge
from waybill.domain.report import Report
from waybill.domain.status import FOLLOWS, ErrorCode, Outcome, Status
from waybill.domain.task import Task, TaskError
from waybill.domain.transitions import cancel, release, retry

NOW = 1_000_000
CLAIM = "a" * 32
OTHER = "b" * 32


def tracked(**fields: Any) -> Task:
    common: dict[str, Any] = {"task_id": "t", "name": "n", "type": "delivery", "handler": None}
    return Task(**common | {"processing_time": None, "created_at": 0} | fields)


def handled(**fields: Any) -> Task:
    common: dict[str, Any] = {
        "task_id": "t",
        "name": "n",
        "type": "sleep",
        "handler": "sleep",
        "processing_time": 1,
        "created_at": 0,
    }
    return Task(**common | {"due_at": NOW} | fields)


def said(**fields: Any) -> Report:
    return Report(**{"task_id": "t"} | fields)


def claim(**fields: Any) -> Report:
    return said(**{"run": 1, "claim": CLAIM, "status": Status.PROCESSING, "source": "w"} | fields)


def running(**fields: Any) -> Task:
    task, outcome = merge(handled(**fields), claim(), now=NOW)
    assert outcome is Outcome.APPLIED
    return task


def finish(**fields: Any) -> Report:
    return claim(**{"status": Status.COMPLETED} | fields)


def without_times(task: Task) -> Task:
    return replace(task, started_at=None, finished_at=None, stage_since=0, heard_at=0, version=1)


# What is said by many, in any order

values = st.one_of(
    st.booleans(), st.integers(-2, 2), st.sampled_from(["", "x", "y"]), st.lists(st.integers(0, 1), max_size=1)
)


@st.composite
def journeys(draw: st.DrawFn) -> list[Report]:
    """Reports of one attempt with distinct (seq, source), at most one of them final."""
    places = draw(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc")), min_size=1, max_size=7, unique=True))
    final = draw(st.integers(-1, len(places) - 1))
    reports = []
    for index, (seq, source) in enumerate(places):
        status = draw(st.sampled_from([None, Status.NEW, Status.PROCESSING]))
        if index == final:
            status = draw(st.sampled_from([Status.COMPLETED, Status.ERROR]))
        reports.append(
            said(
                attempt=1,
                seq=seq,
                source=source,
                status=status,
                stage=draw(st.sampled_from([None, "fetch", "enrich"])),
                progress=draw(st.sampled_from([None, 0.0, 0.5, 1.0])),
                metadata=draw(st.none() | st.dictionaries(st.sampled_from("kl"), values, max_size=2)),
                result=draw(values),
                error=draw(st.sampled_from([None, TaskError(ErrorCode.FAILED, "no")])),
            )
        )
    return reports


@given(journeys(), st.data())
def test_every_order_and_any_duplicates_give_the_same_task(reports: list[Report], data: st.DataObject) -> None:
    expected = tracked()
    for report in reports:
        expected, _ = merge(expected, report, now=NOW)
    again = data.draw(st.lists(st.sampled_from(reports), max_size=4))
    task = tracked()
    for report in data.draw(st.permutations(reports + again)):
        task, outcome = merge(task, report, now=data.draw(st.integers(NOW, NOW + 9)))
        assert outcome is not Outcome.REFUSED
    assert without_times(task) == without_times(expected)


@given(journeys(), st.data())
def test_a_status_never_goes_back_and_a_final_one_is_frozen(reports: list[Report], data: st.DataObject) -> None:
    finals = [Status.COMPLETED, Status.ERROR]
    noise = [said(status=data.draw(st.sampled_from([*Status])), result=data.draw(values)) for _ in range(3)]
    task = tracked()
    for report in data.draw(st.permutations(reports + noise)):
        after, outcome = merge(task, report, now=NOW)
        assert after.status is task.status or after.status in FOLLOWS[task.status]
        if task.status in finals:
            assert (after.status, after.result, after.error, after.finished_at) == (
                task.status,
                task.result,
                task.error,
                task.finished_at,
            )
        assert (after is task) == (outcome is not Outcome.APPLIED)
        task = after


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_merge_follows_the_table(before: Status, after: Status) -> None:
    task, _ = merge(tracked(), said(status=before), now=NOW)
    moved, outcome = merge(task, said(status=after), now=NOW)
    assert moved.status is (after if after in FOLLOWS[before] else before)
    assert (outcome is Outcome.APPLIED) == (after in FOLLOWS[before])


def test_a_late_report_still_fills_what_it_is_newest_for() -> None:
    task, _ = merge(tracked(), said(seq=9, status=Status.COMPLETED, metadata={"a": 9}), now=NOW)
    task, outcome = merge(task, said(seq=5, status=Status.PROCESSING, metadata={"a": 5, "b": 5}), now=NOW)
    assert outcome is Outcome.APPLIED
    assert task.metadata == {"a": 9, "b": 5}
    assert task.status is Status.COMPLETED


def test_a_stale_report_never_changes_the_status() -> None:
    task, _ = merge(tracked(), said(seq=9, status=Status.COMPLETED), now=NOW)
    assert merge(task, said(seq=5, status=Status.PROCESSING), now=NOW) == (task, Outcome.STALE)


def test_of_two_reports_at_one_place_the_first_wins() -> None:
    task, _ = merge(tracked(), said(seq=1, source="a", metadata={"k": 1}), now=NOW)
    assert merge(task, said(seq=1, source="a", metadata={"k": 2}), now=NOW) == (task, Outcome.STALE)
    assert merge(task, said(seq=1, source="a", metadata={"k": 1}), now=NOW) == (task, Outcome.DUPLICATE)


def test_a_report_without_seq_comes_after_all_that_is_known() -> None:
    task, _ = merge(tracked(), said(seq=41, source="z", metadata={"k": "old"}, stage="fetch"), now=NOW)
    task, outcome = merge(task, said(metadata={"k": "new"}), now=NOW)
    assert (task.metadata, outcome) == ({"k": "new"}, Outcome.APPLIED)
    assert merge(task, said(seq=41, source="zz", metadata={"k": "late"}), now=NOW)[1] is Outcome.STALE


def test_a_report_without_seq_that_says_what_holds_is_a_duplicate() -> None:
    task, _ = merge(tracked(), said(stage="fetch", metadata={"k": 1}), now=NOW)
    assert merge(task, said(stage="fetch", metadata={"k": 1}), now=NOW) == (task, Outcome.DUPLICATE)
    assert merge(task, said(metadata={"k": True}), now=NOW)[0].metadata == {"k": True}


def test_the_metadata_of_a_new_task_holds_until_any_report_says_otherwise() -> None:
    task = tracked(metadata={"k": 1, "gap": None})
    assert merge(task, said(metadata={"k": 1, "gap": None}), now=NOW) == (task, Outcome.DUPLICATE)
    assert merge(task, said(seq=1, metadata={"k": 2}), now=NOW)[0].metadata == {"k": 2, "gap": None}


def test_a_null_is_a_value_that_a_key_did_not_have_before() -> None:
    task, outcome = merge(tracked(), said(metadata={"k": None}), now=NOW)
    assert (task.metadata, outcome) == ({"k": None}, Outcome.APPLIED)


def test_seq_without_attempt_means_the_first_attempt() -> None:
    task, _ = merge(tracked(), said(status=Status.ERROR), now=NOW)
    task = retry(task, None, now=NOW)
    assert merge(task, said(seq=3, status=Status.COMPLETED), now=NOW) == (task, Outcome.STALE)
    assert merge(task, said(status=Status.COMPLETED), now=NOW)[1] is Outcome.APPLIED


def test_only_the_api_opens_attempts() -> None:
    task = tracked()
    assert merge(task, said(attempt=2, status=Status.COMPLETED), now=NOW) == (task, Outcome.REFUSED)


def test_a_conflicting_final_is_refused_and_the_same_one_is_a_duplicate() -> None:
    task, _ = merge(tracked(), said(status=Status.COMPLETED, result=1), now=NOW)
    assert merge(task, said(status=Status.ERROR), now=NOW) == (task, Outcome.REFUSED)
    assert merge(task, said(status=Status.COMPLETED, result=2), now=NOW) == (task, Outcome.REFUSED)
    assert merge(task, said(status=Status.COMPLETED, result=1), now=NOW) == (task, Outcome.DUPLICATE)


def test_the_detail_of_an_error_tells_no_other_end() -> None:
    """An API of an older version leaves it out, so that a report sent again after an update has more to say."""
    end = said(status=Status.ERROR, error=TaskError(ErrorCode.FAILED, "boom", "Traceback"))
    task, outcome = merge(tracked(), end, now=NOW)
    assert (task.error, outcome) == (end.error, Outcome.APPLIED)
    for detail in ("Traceback", "another", None):
        again = replace(end, error=TaskError(ErrorCode.FAILED, "boom", detail))
        assert merge(task, again, now=NOW) == (task, Outcome.DUPLICATE)


@pytest.mark.parametrize(("held", "other"), [(1, True), (1, 1.0), (0, False), ([1], [True]), ({"a": 0}, {"a": False})])
def test_values_are_compared_as_json_not_as_python_does(held: Any, other: Any) -> None:
    first = said(seq=2, source="a", metadata={"k": held})
    task, _ = merge(tracked(), first, now=NOW)
    assert merge(task, replace(first, metadata={"k": other}), now=NOW) == (task, Outcome.STALE)
    assert merge(task, first, now=NOW) == (task, Outcome.DUPLICATE)
    end = said(status=Status.COMPLETED, result=held)
    task, _ = merge(task, end, now=NOW)
    assert merge(task, replace(end, result=other), now=NOW) == (task, Outcome.REFUSED)
    assert merge(task, end, now=NOW) == (task, Outcome.DUPLICATE)


def test_metadata_beyond_the_cap_is_not_taken_in_but_the_end_is() -> None:
    large = {"k": "x" * METADATA_CAP}
    task = tracked()
    assert merge(task, said(metadata=large), now=NOW) == (task, Outcome.INVALID)
    ended, outcome = merge(task, said(metadata=large, status=Status.COMPLETED), now=NOW)
    assert (ended.status, ended.metadata, outcome) == (Status.COMPLETED, {}, Outcome.APPLIED)


# What a worker says about its run


def test_the_first_claim_on_a_due_run_is_granted_and_starts_the_task() -> None:
    task = running()
    assert (task.status, task.started_at, task.claim, task.worker) == (Status.PROCESSING, NOW, CLAIM, "w")
    assert task.due_at is None


def test_a_claim_sent_again_is_a_duplicate_and_another_one_is_refused() -> None:
    task = running()
    assert merge(task, claim(), now=NOW) == (task, Outcome.DUPLICATE)
    assert merge(task, claim(claim=OTHER), now=NOW) == (task, Outcome.REFUSED)


@pytest.mark.parametrize(
    "report",
    [claim(run=2), claim(run=None), finish(), claim(status=None)],
    ids=["another run", "no run", "a finish before the claim", "no status"],
)
def test_what_is_no_claim_on_the_current_run_is_refused(report: Report) -> None:
    task = handled()
    assert merge(task, report, now=NOW) == (task, Outcome.REFUSED)


def test_a_run_that_is_not_due_or_not_claimable_cannot_be_claimed() -> None:
    task = handled(due_at=NOW + 1)
    assert merge(task, claim(), now=NOW) == (task, Outcome.REFUSED)
    assert merge(handled(), claim(), now=NOW, claimable=False)[1] is Outcome.REFUSED


@pytest.mark.parametrize("fields", [{"status": Status.COMPLETED}, {"stage": "s"}, {"progress": 0.5}, {"result": 1}])
def test_without_a_claim_a_report_on_a_handled_task_may_only_add_metadata(fields: dict[str, Any]) -> None:
    task = running()
    assert merge(task, said(**fields), now=NOW) == (task, Outcome.REFUSED)
    assert merge(task, said(metadata={"k": 1}), now=NOW)[0].metadata == {"k": 1}


def test_a_claim_on_a_tracked_task_is_refused() -> None:
    task = tracked()
    assert merge(task, claim(), now=NOW) == (task, Outcome.REFUSED)


def test_a_finish_needs_the_claim_of_the_run() -> None:
    task = running()
    assert merge(task, finish(claim=OTHER), now=NOW) == (task, Outcome.REFUSED)
    ended, outcome = merge(task, finish(result={"a": 1}), now=NOW + 5)
    assert outcome is Outcome.APPLIED
    assert (ended.status, ended.result, ended.finished_at) == (Status.COMPLETED, {"a": 1}, NOW + 5)
    assert merge(ended, finish(result={"a": 1}), now=NOW) == (ended, Outcome.DUPLICATE)


def test_a_finish_after_a_cancel_is_refused() -> None:
    task = cancel(running(), None, now=NOW)
    assert task.error is not None
    assert task.error.code is ErrorCode.CANCELLED
    assert merge(task, finish(), now=NOW) == (task, Outcome.REFUSED)


def test_a_report_of_a_run_that_lost_its_place_changes_nothing() -> None:
    task = release(running(), 1, CLAIM, crashed=True, now=NOW)
    assert merge(task, finish(), now=NOW) == (task, Outcome.REFUSED)
    reclaimed, outcome = merge(task, claim(run=2, claim=OTHER), now=NOW)
    assert outcome is Outcome.APPLIED
    assert (reclaimed.attempt, reclaimed.run, reclaimed.crashes) == (1, 2, 1)
    for order in permutations([finish(), finish(status=Status.ERROR), claim()]):
        for report in order:
            assert merge(reclaimed, report, now=NOW) == (reclaimed, Outcome.REFUSED)


def test_a_failure_with_attempts_left_opens_the_next_one_and_sent_again_is_stale() -> None:
    failed = finish(attempt=1, status=Status.ERROR, error=TaskError(ErrorCode.FAILED, "no"))
    task, outcome = merge(running(max_attempts=2), failed, now=NOW)
    assert outcome is Outcome.APPLIED
    assert (task.status, task.attempt, task.run, task.failures, task.error) == (Status.NEW, 2, 2, 1, None)
    assert task.due_at is not None
    assert NOW + 500 <= task.due_at <= NOW + 1_000
    assert merge(task, failed, now=NOW) == (task, Outcome.STALE)
    task, _ = merge(task, claim(run=2), now=task.due_at)
    task, _ = merge(task, replace(failed, attempt=2, run=2), now=task.due_at or NOW)
    assert (task.status, task.failures) == (Status.ERROR, 2)


def test_a_cancelled_or_lost_run_is_not_retried() -> None:
    report = finish(status=Status.ERROR, error=TaskError(ErrorCode.NO_HANDLER, "no"))
    task, _ = merge(running(max_attempts=5), report, now=NOW)
    assert task.status is Status.ERROR
