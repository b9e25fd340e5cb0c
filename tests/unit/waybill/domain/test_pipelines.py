"""Pipelines: how a task goes from stage to stage, and where it goes on after a failure."""

from dataclasses import replace
from typing import Any

import pytest

from waybill.domain.merge import merge
from waybill.domain.report import Report
from waybill.domain.route import handler_of, route_of, type_of
from waybill.domain.stage import has_advanced, passed
from waybill.domain.status import ErrorCode, Outcome, Status
from waybill.domain.task import Task, TaskError
from waybill.domain.task_type import TaskType
from waybill.domain.transitions import CRASH_BUDGET, cancel, enter, follow, release, retry, time_out

NOW = 1_000_000
CLAIM = "a" * 32
FAILED = TaskError(ErrorCode.FAILED, "no")


def pipeline(**fields: Any) -> Task:
    common: dict[str, Any] = {"task_id": "t", "name": "n", "type": "clean", "handler": None, "processing_time": None}
    stages = ("fetch", "parse", "store")
    return enter(Task(**common | {"stages": stages, "created_at": 0, "due_at": NOW} | fields), 0)


def said(task: Task, **fields: Any) -> Report:
    common: dict[str, Any] = {"task_id": "t", "source": "w", "run": task.run, "claim": CLAIM, "attempt": task.attempt}
    return Report(**common | fields)


def claimed(task: Task) -> Task:
    task, outcome = merge(task, said(task, status=Status.PROCESSING), now=max(NOW, task.due_at or 0))
    assert outcome is Outcome.APPLIED
    return task


def completed(task: Task, result: Any = None) -> Task:
    task = claimed(task)
    task, outcome = merge(task, said(task, status=Status.COMPLETED, result=result), now=NOW + 1)
    assert outcome is Outcome.APPLIED
    return task


def failed(task: Task) -> Task:
    task = claimed(task)
    return merge(task, said(task, status=Status.ERROR, error=FAILED), now=NOW)[0]


def test_a_pipeline_begins_before_its_first_stage() -> None:
    task = pipeline()
    assert (task.stage, task.handler, task.route, task.position) == ("fetch", "fetch", "clean/fetch", 0)
    assert not task.is_tracked
    assert not task.is_at_last_stage


def test_the_end_of_a_stage_opens_the_run_of_the_next_one() -> None:
    before = replace(claimed(pipeline()), failures=2, crashes=3, progress=0.5, metadata={"k": 1})
    after, outcome = merge(before, said(before, status=Status.COMPLETED, result={"a": 1}), now=NOW + 5)
    assert outcome is Outcome.APPLIED
    assert has_advanced(before, after)
    assert (after.status, after.attempt, after.run) == (Status.PROCESSING, 1, 2)
    assert (after.stage, after.handler, after.route) == ("parse", "parse", "clean/parse")
    assert (after.claim, after.worker, after.claimed_at, after.due_at) == (None, None, None, NOW + 5)
    assert (after.failures, after.crashes, after.progress, after.result) == (0, 0, None, None)
    assert (after.metadata, after.started_at, after.version) == ({"k": 1}, NOW, before.version + 1)


def test_what_a_stage_leaves_is_its_result_and_its_times() -> None:
    left = passed(claimed(pipeline()), {"a": 1}, now=NOW + 5)
    assert (left.stage, left.position, left.attempt, left.run, left.result) == ("fetch", 0, 1, 1, {"a": 1})
    assert (left.started_at, left.finished_at) == (NOW, NOW + 5)


def test_the_end_of_the_last_stage_is_the_end_of_the_task() -> None:
    task = completed(completed(completed(pipeline(), 1), 2), 3)
    assert (task.status, task.result, task.stage, task.run) == (Status.COMPLETED, 3, "store", 3)


def test_only_its_claim_takes_a_pipeline_further() -> None:
    task = claimed(pipeline())
    for other in (said(task, claim="b" * 32, status=Status.COMPLETED), said(task, run=2, status=Status.COMPLETED)):
        assert merge(task, other, now=NOW) == (task, Outcome.REFUSED)
    assert merge(task, said(task, claim=None, run=None, status=Status.COMPLETED), now=NOW) == (task, Outcome.REFUSED)


def test_the_end_of_a_stage_sent_again_is_stale() -> None:
    before = claimed(pipeline())
    end = said(before, status=Status.COMPLETED, result=1)
    after, _ = merge(before, end, now=NOW)
    assert merge(after, end, now=NOW) == (after, Outcome.STALE)
    claimed_again = claimed(after)
    assert merge(claimed_again, end, now=NOW) == (claimed_again, Outcome.STALE)


def test_a_run_that_lost_its_place_in_the_present_stage_is_refused() -> None:
    first = claimed(completed(pipeline()))
    second = claimed(release(first, first.run, CLAIM, crashed=True, now=NOW))
    assert merge(second, said(first, status=Status.COMPLETED), now=NOW) == (second, Outcome.REFUSED)


def test_a_worker_cannot_set_the_stage_but_the_rest_of_its_report_counts() -> None:
    task = claimed(pipeline())
    assert merge(task, said(task, stage="store"), now=NOW) == (task, Outcome.DUPLICATE)
    after, outcome = merge(task, said(task, stage="store", progress=0.5), now=NOW)
    assert (after.stage, after.progress, outcome) == ("fetch", 0.5, Outcome.APPLIED)


def test_a_failure_with_attempts_left_tries_its_stage_again() -> None:
    task = failed(completed(pipeline(max_attempts=2)))
    assert (task.status, task.attempt, task.stage, task.failures) == (Status.NEW, 2, "parse", 1)
    task = completed(task)
    assert (task.status, task.attempt, task.stage, task.failures) == (Status.PROCESSING, 2, "store", 0)
    task = failed(failed(task))
    assert (task.status, task.attempt, task.stage, task.failures) == (Status.ERROR, 3, "store", 2)


def test_a_time_out_tries_its_stage_again() -> None:
    held = claimed(completed(pipeline(max_attempts=2, timeout=1)))
    task = time_out(held, held.run, CLAIM, now=NOW)
    assert (task.attempt, task.stage) == (2, "parse")


def test_the_crash_budget_is_that_of_a_stage() -> None:
    task = pipeline()
    for stage in ("fetch", "parse", "store"):
        for _ in range(CRASH_BUDGET - 1):
            held = claimed(task)
            task = release(held, held.run, CLAIM, crashed=True, now=NOW)
            assert (task.stage, task.status) == (stage, Status.PROCESSING)
        task = completed(task)
    assert task.status is Status.COMPLETED


def test_a_retry_goes_on_where_it_ended_in_error_and_starts_a_completed_one_over() -> None:
    task = retry(failed(completed(pipeline())), None, now=NOW)
    assert (task.status, task.attempt, task.stage) == (Status.NEW, 2, "parse")
    task = retry(cancel(claimed(task), None, now=NOW), None, now=NOW)
    assert (task.status, task.attempt, task.stage) == (Status.NEW, 3, "parse")
    task = retry(completed(completed(task)), None, now=NOW)
    assert (task.status, task.attempt, task.stage, task.handler) == (Status.NEW, 4, "fetch", "fetch")
    assert task.result is None


def test_only_a_pipeline_has_stages_to_enter() -> None:
    with pytest.raises(ValueError, match="no pipeline"):
        enter(replace(pipeline(), stages=None), 0)


@pytest.mark.parametrize(
    ("type_name", "handler", "is_stage", "route"),
    [
        ("sleep", "sleep", False, "sleep"),
        ("nap", "sleep", False, "nap/sleep"),
        ("clean", "fetch:2", True, "clean/fetch:2"),
        ("clean", "clean", True, "clean/clean"),
        ("clean", "a/b ж", False, "clean/a/b ж"),
    ],
)
def test_a_route_names_its_type_and_its_handler(type_name: str, handler: str, is_stage: bool, route: str) -> None:
    assert route_of(type_name, handler, is_stage=is_stage) == route
    assert (type_of(route), handler_of(route)) == (type_name, handler)


def kind(*stages: str, **fields: Any) -> TaskType:
    return TaskType(name="clean", stages=stages or None, **fields)


@pytest.mark.parametrize(
    ("stages", "stage", "position"),
    [
        (("fetch", "parse", "store"), "parse", 1),
        (("fetch", "parser", "store"), "parser", 1),
        (("fetch", "parse", "check", "store"), "parse", 1),
        (("download", "parse", "store"), "download", 0),
        (("fetch",), "fetch", 0),
        (("parse", "fetch", "store"), "parse", 0),
    ],
)
def test_a_retry_takes_the_stages_of_its_type_and_goes_on_where_they_are_alike(
    stages: tuple[str, ...], stage: str, position: int
) -> None:
    task = failed(completed(pipeline()))
    assert (task.status, task.stage) == (Status.ERROR, "parse")
    again = retry(task, None, now=NOW, task_type=kind(*stages, max_attempts=3, timeout=7))
    assert (again.stages, again.stage, again.handler, again.position) == (stages, stage, stage, position)
    assert (again.attempt, again.max_attempts, again.timeout, again.due_at) == (2, 3, 7, NOW)


def test_a_retry_may_make_a_pipeline_of_a_task_and_a_task_of_a_pipeline() -> None:
    task = failed(completed(pipeline()))
    simple = retry(task, None, now=NOW, task_type=kind(handler="clean"))
    assert (simple.stages, simple.stage, simple.handler, simple.route) == (None, None, "clean", "clean")
    back = retry(cancel(simple, None, now=NOW), None, now=NOW, task_type=kind("fetch", "parse"))
    assert (back.stage, back.handler, back.position) == ("fetch", "fetch", 0)
    tracked = retry(cancel(back, None, now=NOW), None, now=NOW, task_type=kind(stage_timeout=9))
    assert (tracked.handler, tracked.stages, tracked.due_at, tracked.stage_timeout) == (None, None, None, 9)


def test_a_task_that_waits_follows_its_type_as_far_as_it_need_not_go_back() -> None:
    waiting = completed(pipeline())
    followed = follow(waiting, kind("fetch", "parser", "store"), now=NOW)
    assert (followed.stage, followed.handler, followed.attempt, followed.status) == (
        "parser",
        "parser",
        1,
        waiting.status,
    )
    assert (followed.run, followed.due_at, followed.stage_run) == (waiting.run + 1, waiting.due_at, followed.run)
    for other in (kind("download", "parse2"), kind("fetch"), kind(), kind(handler="clean"), kind("fetch", "parse")):
        assert follow(waiting, other, now=NOW) is waiting
    assert follow(claimed(waiting), kind("fetch", "parser"), now=NOW).handler == "parse", "what runs, runs"


def test_a_task_that_is_no_pipeline_follows_its_type_to_another_handler_or_to_a_pipeline() -> None:
    waiting = _simple("claen")
    assert follow(waiting, kind(handler="claen"), now=NOW) is waiting
    assert follow(waiting, kind(), now=NOW) is waiting
    followed = follow(waiting, kind(handler="clean", timeout=4), now=NOW)
    assert (followed.handler, followed.route, followed.run, followed.timeout) == ("clean", "clean", 2, 4)
    assert follow(waiting, kind("fetch"), now=NOW).route == "clean/fetch"


def _simple(handler: str) -> Task:
    return Task(task_id="t", name="n", type="clean", handler=handler, processing_time=1, created_at=0, due_at=NOW)
