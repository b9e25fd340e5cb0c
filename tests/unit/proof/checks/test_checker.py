"""The checker finds nothing where nothing is wrong, and counts each violation that is planted."""

from dataclasses import asdict, replace
from typing import Any

from proof.checks.checker import Findings, check
from proof.plan import Control, Ending
from proof.record import Asked, Create
from tests.unit.proof.tale import COMPLETED, FAILED, Tale
from waybill.domain.status import Status


def broken(findings: Findings) -> dict[str, int]:
    return {kind: count for kind, count in asdict(findings.violations).items() if count}


def told(tale: Tale) -> dict[str, int]:
    return broken(check(tale.record()))


def eventful() -> Tale:
    """Tell a run in which everything happens that may."""
    tale = Tale()
    tale.run("plain")
    tale.run("unlucky", FAILED)
    tale.run("echo", Ending(Status.COMPLETED, result={"n": 1}))
    flaky = tale.create("flaky")
    tale.claim(flaky)
    tale.fail_and_go_on(flaky)
    tale.claim(flaky)
    tale.complete(flaky)
    orphan = tale.create("orphan")
    tale.claim(orphan)
    tale.look(orphan)
    tale.release(orphan)
    tale.claim(orphan, "w-2")
    tale.event(orphan, "report", 2, outcome="refused", source="w-1", run=1, status=3)
    tale.event(orphan, "report", 2, source="w-2", progress=0.5)
    tale.complete(orphan, "w-2")
    tale.look(orphan)
    tale.event(orphan, "report", 3, outcome="duplicate", source="w-2", status=3)
    cancelled = tale.create("cancelled")
    tale.claim(cancelled)
    tale.cancel(cancelled)
    tale.look(cancelled)
    tale.event(cancelled, "claim", 4, outcome="refused", source="w-1", status=3)
    again = tale.run("again")
    tale.look(again)
    tale.retry(again)
    tale.look(again)
    tale.claim(again)
    tale.complete(again)
    unlucky = tale.create("lost four times")
    for _ in range(3):
        tale.claim(unlucky)
        tale.release(unlucky)
    tale.claim(unlucky)
    tale.lose(unlucky)
    return tale


def test_a_faultless_run_has_no_violations() -> None:
    findings = check(eventful().record())
    assert broken(findings) == {}
    assert findings.acknowledged == 8
    assert findings.worker_lost == 1
    assert findings.double_runs == 1 + 3


def test_a_create_that_is_never_answered_is_counted() -> None:
    tale = Tale()
    tale.creates.append(Create("unheard", COMPLETED))
    assert told(tale) == {"unanswered": 1}


def test_a_task_whose_answer_was_lost_for_good_is_expected_once() -> None:
    tale = Tale()
    tale.run("half heard")
    tale.creates[0] = replace(tale.creates[0], task_id=None)
    assert told(tale) == {"unanswered": 1}
    copy = {**tale.tasks["id of half heard"], "task_id": "another"}
    tale.tasks["another"] = copy
    assert told(tale)["unexpected"] == 1


def test_an_acknowledged_task_that_is_gone_is_lost() -> None:
    tale = eventful()
    del tale.tasks["id of plain"]
    assert told(tale) == {"lost": 1}


def test_an_acknowledged_task_without_a_history_is_lost() -> None:
    tale = eventful()
    tale.events = [event for event in tale.events if event["task_id"] != "id of plain"]
    assert told(tale)["lost"] == 1


def test_an_acknowledged_cancel_or_retry_that_left_no_trace_is_lost() -> None:
    for control in Control:
        tale = eventful()
        tale.asked.append(Asked("id of plain", control, 1, True))
        assert told(tale) == {"lost": 1}


def test_an_unanswered_cancel_may_have_been_done_or_not() -> None:
    tale = eventful()
    tale.asked.append(Asked("id of plain", Control.CANCEL, 1, False))
    tale.asked = [replace(one, is_acknowledged=False) for one in tale.asked]
    assert told(tale) == {}


def test_a_cancel_that_nobody_asked_for_is_unexpected() -> None:
    tale = eventful()
    tale.asked = [one for one in tale.asked if one.control is not Control.CANCEL]
    assert told(tale) == {"unexpected": 1}


def test_a_task_that_nobody_asked_for_is_unexpected() -> None:
    tale = eventful()
    tale.run("nobody's")
    tale.creates.pop()
    assert told(tale) == {"unexpected": 1}


def test_a_task_that_was_created_twice_is_unexpected() -> None:
    tale = eventful()
    tale.run("twice")
    tale.creates.pop()
    tale.tasks["id of twice"]["name"] = "plain"
    assert told(tale) == {"unexpected": 1}


def test_a_task_that_ended_otherwise_than_it_had_to_is_wrong() -> None:
    for ending in (FAILED, Ending(Status.COMPLETED, result=1)):
        tale = eventful()
        tale.creates[0] = replace(tale.creates[0], ending=ending)
        assert told(tale) == {"wrong_final": 1}


def test_a_task_that_ended_otherwise_than_its_history_says_is_wrong() -> None:
    tale = eventful()
    tale.tasks["id of plain"]["status"] = 4
    assert told(tale) == {"wrong_final": 1}


def test_worker_lost_after_fewer_crashes_than_allowed_is_wrong() -> None:
    tale = eventful()
    early = tale.create("given up early")
    tale.claim(early)
    tale.lose(early)
    assert told(tale) == {"wrong_final": 1}


def test_four_crashes_in_a_process_of_its_own_end_a_task_and_lost_workers_do_not() -> None:
    tale = eventful()
    poison = tale.create("poison")
    for is_last in (False, False, False, True):
        tale.claim(poison)
        tale.crash(poison, is_last=is_last)
    assert told(tale) == {}
    innocent = tale.create("innocent")
    for _ in range(3):
        tale.claim(innocent)
        tale.release(innocent, alone=False)
    tale.claim(innocent)
    tale.lose(innocent)
    assert told(tale) == {"wrong_final": 1}


def test_a_cancelled_task_that_ends_otherwise_is_wrong() -> None:
    tale = eventful()
    tale.tasks["id of cancelled"]["error"] = {"code": "failed", "message": ""}
    assert told(tale)["wrong_final"] == 1


def test_a_status_that_goes_back_in_the_history_is_counted() -> None:
    tale = eventful()
    task_id = tale.create("backwards")
    tale.claim(task_id)
    tale.event(task_id, "report", 1, source="w-1", status=1)
    tale.complete(task_id)
    assert told(tale) == {"backwards": 1}


def test_a_final_status_that_the_retry_policy_reopens_is_counted() -> None:
    tale = eventful()
    task_id = tale.run("reopened", FAILED)
    tale.fail_and_go_on(task_id)
    tale.claim(task_id)
    tale.fail(task_id)
    assert told(tale) == {"backwards": 1}


def test_a_status_that_goes_back_before_a_watchers_eyes_is_counted() -> None:
    tale = eventful()
    tale.look("id of plain", "one", status=2)
    tale.look("id of plain", "one", status=1)
    assert told(tale) == {"backwards": 1}


def test_watchers_are_not_compared_with_each_other() -> None:
    tale = eventful()
    tale.look("id of plain", "one", status=2)
    tale.look("id of plain", "two", status=1)
    assert told(tale) == {}


def test_an_attempt_that_ends_twice_is_counted() -> None:
    tale = eventful()
    tale.event("id of plain", "report", 3, source="w-1", status=3)
    assert told(tale) == {"two_finals": 1}
    tale = eventful()
    tale.event("id of plain", "report", 4, source="w-1", status=4)
    assert told(tale)["two_finals"] == 1


def test_a_task_that_does_not_end_is_stuck() -> None:
    tale = eventful()
    tale.claim(tale.create("endless"))
    assert told(tale) == {"stuck": 1}


def test_a_final_task_that_is_seen_otherwise_later_is_counted() -> None:
    changes: list[dict[str, Any]] = [
        {"status": 4},
        {"result": 1},
        {"error": {"code": "failed", "message": ""}},
        {"finished_at": "2030-01-01T00:00:00.000Z"},
    ]
    for changed in changes:
        tale = eventful()
        tale.look("id of plain", **changed)
        assert told(tale) == {"changed_after_final": 1}, changed


def test_an_end_that_was_seen_and_that_the_history_does_not_know_is_counted() -> None:
    tale = eventful()
    task_id = tale.create("seen too early")
    tale.look(task_id, status=3)
    tale.claim(task_id)
    tale.fail(task_id)
    tale.creates[-1] = replace(tale.creates[-1], ending=FAILED)
    assert told(tale) == {"changed_after_final": 1}


def test_a_report_of_another_than_the_holder_that_is_applied_is_counted() -> None:
    tale = eventful()
    task_id = tale.create("usurped")
    tale.claim(task_id, "w-1")
    tale.release(task_id)
    tale.claim(task_id, "w-2")
    tale.complete(task_id, "w-1")
    assert told(tale) == {"usurped": 1}


def test_a_report_of_an_earlier_run_that_is_applied_is_counted() -> None:
    tale = eventful()
    task_id = tale.create("zombie")
    tale.claim(task_id)
    tale.release(task_id)
    tale.claim(task_id)
    tale.event(task_id, "report", 2, source="w-1", run=1, progress=0.5)
    tale.complete(task_id)
    assert told(tale) == {"usurped": 1}


def test_a_second_claim_of_a_held_run_is_counted() -> None:
    tale = eventful()
    task_id = tale.create("held twice")
    tale.claim(task_id, "w-1")
    tale.claim(task_id, "w-2")
    tale.complete(task_id, "w-2")
    assert told(tale)["usurped"] == 1


def test_a_status_that_changes_though_nothing_was_applied_is_counted() -> None:
    tale = eventful()
    task_id = tale.create("silent")
    tale.event(task_id, "report", 2, outcome="stale", source="w-1", status=2)
    tale.claim(task_id)
    tale.complete(task_id)
    assert told(tale) == {"usurped": 1}


def test_an_event_that_was_seen_and_is_gone_or_changed_is_counted() -> None:
    record = eventful().record()
    record.seen = {**record.seen, 10_000: "gone", 1: "changed"}
    assert broken(check(record)) == {"rewritten": 2}


def test_every_violation_comes_with_an_example() -> None:
    tale = eventful()
    del tale.tasks["id of plain"]
    assert check(tale.record()).examples == {"lost": ["id of plain: created, and not there"]}
