"""A seed decides the whole plan."""

from itertools import pairwise

from proof.plan import CALM, CLOSING, DECK, FREEZE, KILLS, ON_THE_WIRE, STOPS, Ending, FaultKind, Wish, draw
from waybill.domain.status import ErrorCode, Status


def test_the_same_seed_gives_the_same_plan() -> None:
    assert draw(7, 200, 40) == draw(7, 200, 40)


def test_another_seed_gives_another_plan() -> None:
    one, another = draw(7, 200, 40), draw(8, 200, 40)
    assert one.faults != another.faults
    assert one.wishes != another.wishes


def test_a_plan_stays_the_same_from_version_to_version() -> None:
    fault = draw(1, 1, 1).faults[0]
    assert (fault.at, fault.kind, fault.seconds, fault.worker) == PINNED


PINNED = (2.0, FaultKind.FREEZE_WORKER, 18.0, 0)


def test_a_plan_has_as_many_tasks_and_faults_as_asked_for() -> None:
    plan = draw(3, 123, 45)
    assert len(plan.wishes) == len({wish.name for wish in plan.wishes}) == 123
    assert len(plan.faults) == 45


def test_every_kind_of_fault_comes_within_one_pack() -> None:
    kinds = {fault.kind for fault in draw(3, 1, len(DECK) + len(CLOSING)).faults}
    assert kinds == set(FaultKind)


def test_a_plan_ends_with_what_no_later_fault_puts_right() -> None:
    for seed in range(20):
        *before, api, messages, worker = draw(seed, 1, 12).faults
        assert (api.kind, messages.kind, worker.kind) == CLOSING
        assert messages.worker == worker.worker == 0, "worker 1 has to live until the end"
        assert all(fault.at + fault.seconds <= api.at for fault in before)
        assert FaultKind.LOSE_WORKER not in {fault.kind for fault in before}


def test_only_what_lasts_has_a_duration() -> None:
    for fault in draw(3, 1, 100).faults:
        assert (fault.seconds > 0) == (fault.kind in (*ON_THE_WIRE, *STOPS, FaultKind.LOSE_MESSAGES))


def test_nothing_else_happens_during_a_freeze_and_some_kills_are_followed_by_a_calm() -> None:
    calms = 0
    for fault, following in pairwise(draw(3, 1, 200).faults):
        gap = following.at - fault.at
        assert gap >= 0
        if fault.kind is FaultKind.FREEZE_WORKER:
            assert gap >= FREEZE
        calms += fault.kind in KILLS and gap >= CALM
    assert calms > 10


def test_a_default_run_fits_into_its_time() -> None:
    assert all(draw(seed, 1, 60).seconds < 200 for seed in range(50))


def test_wishes_say_how_their_tasks_have_to_end() -> None:
    failed = Ending(Status.ERROR, ErrorCode.FAILED)
    assert Wish(0, "a").ending == Ending(Status.COMPLETED)
    assert Wish(0, "a", processing_time=13).ending == failed
    assert Wish(0, "a", "proof-fail").ending == failed
    assert Wish(0, "a", "proof-flaky", 13).ending == Ending(Status.COMPLETED)
    assert Wish(0, "a", "proof-echo", input=[1]).ending == Ending(Status.COMPLETED, result=[1])
