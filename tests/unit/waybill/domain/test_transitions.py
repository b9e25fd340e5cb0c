"""The transitions that are not reports."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.domain.errors import AttemptHasMoved, TaskIsFinal, TaskIsNotFinal
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import Position, Task, TaskError
from waybill.domain.transitions import (
    CRASH_BUDGET,
    LEAVING,
    LOSS_BUDGET,
    backoff,
    cancel,
    crash,
    fail,
    leave,
    release,
    retry,
    time_out,
)

NOW = 1_000_000
CLAIM = "a" * 32


def held(**fields: Any) -> Task:
    common: dict[str, Any] = {
        "task_id": "t",
        "name": "n",
        "type": "sleep",
        "handler": "sleep",
        "processing_time": 1,
        "created_at": 0,
    }
    state: dict[str, Any] = {"status": Status.PROCESSING, "claim": CLAIM, "worker": "w", "started_at": 5}
    return Task(**common | state | fields)


def test_a_release_opens_the_next_run_and_keeps_status_attempt_and_start() -> None:
    task = release(held(), 1, CLAIM, crashed=False, now=NOW)
    assert (task.status, task.attempt, task.run, task.started_at) == (Status.PROCESSING, 1, 2, 5)
    assert (task.claim, task.worker, task.due_at, task.crashes) == (None, None, NOW, 0)


@pytest.mark.parametrize(("run", "claim"), [(2, CLAIM), (1, "b" * 32), (1, None)])
def test_what_does_not_hold_the_run_cannot_release_or_time_it_out(run: int, claim: str | None) -> None:
    task = held()
    assert release(task, run, claim, crashed=True, now=NOW) is task
    assert time_out(task, run, claim, now=NOW) is task


def test_an_unclaimed_or_final_task_is_not_released() -> None:
    for task in (held(claim=None, due_at=NOW), held(status=Status.COMPLETED, finished_at=NOW)):
        assert release(task, 1, task.claim, crashed=True, now=NOW) is task


def test_the_crash_budget_ends_a_task_that_keeps_killing_its_workers() -> None:
    task = held()
    for crashes in range(1, CRASH_BUDGET):
        task = release(task, task.run, CLAIM, crashed=True, now=NOW)
        assert (task.status, task.crashes) == (Status.PROCESSING, crashes)
        task = replace(task, claim=CLAIM, worker="w", due_at=None)
        assert task.isolate
    task = release(task, task.run, CLAIM, crashed=True, now=NOW)
    assert task.status is Status.ERROR
    assert task.error is not None
    assert task.error.code is ErrorCode.WORKER_LOST


@pytest.mark.parametrize(("alone", "isolated"), [(False, False), (True, True), (False, True)])
def test_a_lost_worker_makes_a_suspect_but_spends_nothing_of_the_crash_budget(alone: bool, isolated: bool) -> None:
    task = held(isolate=isolated, isolated=isolated)
    for loss in range(1, LOSS_BUDGET):
        task = release(task, task.run, CLAIM, crashed=True, alone=alone, now=NOW)
        assert (task.status, task.crashes, task.losses) == (Status.PROCESSING, 0, loss)
        assert (task.isolate, task.isolated, task.due_at) == (True, False, NOW)
        task = replace(task, claim=CLAIM, worker="w", due_at=None, isolated=isolated)
    task = release(task, task.run, CLAIM, crashed=True, alone=alone, now=NOW)
    assert task.error is not None, "nothing kills workers for ever"
    assert (task.error.code, task.error.message) == (
        ErrorCode.WORKER_LOST,
        f"{LOSS_BUDGET} workers were lost while they ran it",
    )


def test_a_crash_in_a_process_of_its_own_counts_and_says_how_it_came() -> None:
    task = held()
    for count in range(1, CRASH_BUDGET):
        task = crash(task, "exit code 9", now=NOW)
        assert (task.status, task.run, task.crashes, task.isolate) == (Status.PROCESSING, 1 + count, count, True)
        task = replace(task, claim=CLAIM, worker="w", due_at=None, isolated=True)
    task = crash(task, "killed by SIGSEGV", now=NOW)
    assert task.error == TaskError(
        ErrorCode.WORKER_LOST, f"it crashed {CRASH_BUDGET} times, at last: killed by SIGSEGV"
    )


def test_what_has_timed_out_is_a_suspect_and_what_has_failed_is_none() -> None:
    assert time_out(held(max_attempts=2), 1, CLAIM, now=NOW).isolate
    ended = time_out(held(), 1, CLAIM, now=NOW)
    assert retry(ended, None, now=NOW).isolate, "a retry on request runs apart too"
    assert not fail(held(max_attempts=2), TaskError(ErrorCode.FAILED, "no"), now=NOW).isolate
    completed = held(isolate=True, losses=1, crashes=1, status=Status.COMPLETED, finished_at=NOW)
    again = retry(completed, None, now=NOW)
    assert (again.isolate, again.crashes, again.losses) == (False, 0, 0)


def test_releases_without_a_crash_spend_nothing() -> None:
    task = held()
    for _ in range(3 * CRASH_BUDGET):
        task = replace(release(task, task.run, CLAIM, crashed=False, now=NOW), claim=CLAIM, due_at=None)
    assert (task.status, task.crashes) == (Status.PROCESSING, 0)


def test_a_timeout_counts_as_a_failure() -> None:
    task = time_out(held(max_attempts=2), 1, CLAIM, now=NOW)
    assert (task.status, task.attempt, task.failures) == (Status.NEW, 2, 1)
    task = time_out(held(), 1, CLAIM, now=NOW)
    assert task.error is not None
    assert (task.status, task.error.code) == (Status.ERROR, ErrorCode.TIMEOUT)


def test_cancel_ends_at_once_and_a_final_task_cannot_be_cancelled() -> None:
    task = cancel(held(), 1, now=NOW)
    assert task.error is not None
    assert (task.status, task.error.code, task.finished_at, task.claim) == (Status.ERROR, "cancelled", NOW, None)
    with pytest.raises(TaskIsFinal):
        cancel(task, None, now=NOW)


def test_retry_opens_another_attempt_that_keeps_the_metadata() -> None:
    at = Position(1, 1, "w")
    task = held(
        metadata={"k": 1},
        positions={"metadata/k": at, "stage": at},
        stage="s",
        progress=0.5,
        failures=1,
        crashes=2,
    )
    task = retry(leave(cancel(task, None, now=NOW), now=NOW), 1, now=NOW + 1)
    assert (task.status, task.attempt, task.run, task.failures, task.crashes) == (Status.NEW, 2, 2, 0, 0)
    assert (task.stage, task.progress, task.error, task.started_at, task.finished_at) == (None,) * 5
    assert (task.metadata, task.positions, task.due_at) == ({"k": 1}, {"metadata/k": at}, NOW + 1)
    with pytest.raises(TaskIsNotFinal):
        retry(task, None, now=NOW)


def test_another_attempt_is_held_back_until_the_worker_has_left_the_one_before_it() -> None:
    task = retry(cancel(held(), None, now=NOW), None, now=NOW + 1)
    assert (task.leaving, task.due_at) == ("w", NOW + 1 + LEAVING)
    left = leave(task, now=NOW + 7)
    assert (left.leaving, left.due_at, left.version) == (None, NOW + 7, task.version + 1)
    assert leave(left, now=NOW + 8) is left
    late = leave(task, now=NOW + 2 * LEAVING)
    assert late.due_at == NOW + 1 + LEAVING, "it is due already"


def test_a_time_out_is_waited_for_no_shorter_than_its_back_off() -> None:
    task = time_out(held(max_attempts=2, min_backoff=4.0), 1, CLAIM, now=NOW)
    assert (task.leaving, task.due_at) == ("w", NOW + LEAVING)
    assert leave(task, now=NOW + 10).due_at == NOW + task.delay
    patient = time_out(held(max_attempts=2, min_backoff=60.0), 1, CLAIM, now=NOW)
    assert patient.due_at == NOW + patient.delay
    failed = fail(held(max_attempts=2), TaskError(ErrorCode.FAILED, "no"), now=NOW)
    assert (failed.leaving, failed.due_at) == (None, NOW + failed.delay), "a handler that raised has left"


def test_what_nobody_ran_is_not_held_back() -> None:
    task = retry(cancel(held(claim=None, worker=None, due_at=NOW), None, now=NOW), None, now=NOW + 1)
    assert (task.leaving, task.due_at) == (None, NOW + 1)


@pytest.mark.parametrize("attempt", [0, 2])
def test_cancel_and_retry_compare_the_attempt(attempt: int) -> None:
    with pytest.raises(AttemptHasMoved):
        cancel(held(), attempt, now=NOW)
    with pytest.raises(AttemptHasMoved):
        retry(cancel(held(), None, now=NOW), attempt, now=NOW)


@given(st.integers(1, 10_000), st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_backoff_lies_between_half_of_the_ceiling_and_the_ceiling(failures: int, low: float, high: float) -> None:
    task = held(failures=failures, min_backoff=low, max_backoff=high)
    ceiling = 1000 * min(high, low * 2 ** min(failures - 1, 32))
    assert ceiling / 2 - 1 <= backoff(task) <= ceiling + 1
    assert backoff(task) == backoff(task)
