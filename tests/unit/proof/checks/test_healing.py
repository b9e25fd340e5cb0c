"""Healing is measured from the restart, or from the last fault, to the moment a task is taken up again."""

import pytest

from proof.checks.checker import check
from proof.checks.healing import Healing, quantile
from tests.unit.proof.tale import Tale


def healing(tale: Tale) -> Healing:
    return check(tale.record()).healing


def killed(restarted: int = 400) -> Tale:
    """Tell of a worker that is killed at 10 s while it holds a task, and started anew."""
    tale = Tale()
    task_id = tale.create("held")
    tale.claim(task_id, "w-1")
    tale.now = 10_000
    tale.deed("kill", "worker-0", "w-1")
    tale.now += restarted
    tale.deed("start", "worker-0")
    return tale


def test_what_a_killed_worker_held_counts_from_its_restart_to_the_next_claim() -> None:
    tale = killed(400)
    tale.now = 13_400
    tale.release("id of held")
    tale.now = 13_500
    tale.claim("id of held", "w-2")
    assert healing(tale) == Healing(after_kill=[3.1], waits=[0.0, 3.1])


def test_a_sibling_may_be_faster_than_the_restart() -> None:
    tale = killed(5_000)
    tale.now = 12_000
    tale.release("id of held")
    tale.claim("id of held", "w-2")
    assert healing(tale).after_kill == [0.0]


def test_what_others_hold_is_not_touched() -> None:
    tale = killed()
    tale.now = 9_000
    task_id = tale.create("another's")
    tale.claim(task_id, "w-2")
    tale.now = 12_000
    tale.complete(task_id, "w-2")
    assert healing(tale).after_kill == []


def test_what_waited_at_the_kill_and_still_at_the_restart_is_touched() -> None:
    tale = killed(400)
    tale.now = 9_900
    waiting = tale.create("waiting")
    quick = tale.create("quick")
    tale.now = 10_100
    tale.claim(quick, "w-2")
    tale.now = 11_000
    tale.claim(waiting, "w-2")
    assert healing(tale).after_kill == [0.6]


def test_a_kill_that_another_fault_follows_soon_is_not_measured() -> None:
    tale = killed(400)
    tale.now = 11_000
    tale.deed("stop", "api")
    tale.now = 12_000
    tale.release("id of held")
    tale.claim("id of held", "w-2")
    assert healing(tale) == Healing(after_kill=[], waits=[0.0, 1.0])


def test_signals_of_one_fault_are_one_kill_and_count_from_the_last_restart() -> None:
    tale = killed(400)
    tale.deeds.insert(0, tale.deeds[0]._replace(who="api", worker_id=None, at=tale.deeds[0].at - 5))
    tale.now = 11_000
    tale.deed("start", "api")
    tale.now = 12_500
    tale.release("id of held")
    tale.claim("id of held", "w-2")
    assert healing(tale).after_kill == [1.5]


def test_a_run_that_a_frozen_worker_loses_counts_from_the_freeze() -> None:
    tale = Tale()
    task_id = tale.create("frozen")
    tale.claim(task_id, "w-1")
    tale.now = 5_000
    tale.deed("stop", "worker-0", "w-1")
    tale.now = 20_900
    tale.release(task_id)
    tale.now = 21_000
    tale.claim(task_id, "w-2")
    assert healing(tale).waits == [0.0, 16.0]


def test_an_api_that_becomes_ready_gives_a_frozen_worker_a_fresh_lease() -> None:
    tale = Tale()
    task_id = tale.create("frozen")
    tale.claim(task_id, "w-1")
    tale.now = 5_000
    tale.deed("start", "api")
    tale.now = 6_000
    tale.deed("stop", "worker-0", "w-1")
    tale.now = 7_000
    tale.deed("ready", "api")
    tale.now = 23_000
    tale.release(task_id)
    tale.claim(task_id, "w-2")
    assert healing(tale).waits == [0.0, 16.0]


def test_a_task_waits_from_its_creation_where_nothing_happened() -> None:
    tale = Tale()
    task_id = tale.create("slow")
    tale.now = 700
    tale.claim(task_id)
    assert healing(tale).waits == [0.7]


def test_back_off_is_no_wait() -> None:
    tale = Tale()
    task_id = tale.create("flaky")
    tale.claim(task_id)
    tale.fail_and_go_on(task_id)
    tale.now = 60_000
    tale.claim(task_id)
    assert healing(tale).waits == [0.0]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2), (0.75, 3), (0.76, 4), (0.99, 4), (1.0, 4)])
def test_a_quantile_is_a_number_that_was_measured(share: float, expected: int) -> None:
    assert quantile([1, 2, 3, 4], share) == expected
    assert quantile([], share) is None
