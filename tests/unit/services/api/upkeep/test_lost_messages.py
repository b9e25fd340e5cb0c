"""Which messages count as lost."""

from services.api.store.lanes import DueRun
from services.api.upkeep.lost_messages import PATIENCE, lost
from services.api.upkeep.window import Window
from shared.queue import Message

RUN = DueRun("sleep", 0, "t", 1)
MESSAGE = Message("t", 1)


def window(at: float = 100.0) -> Window:
    outstanding = Window()
    outstanding.add(RUN, at)
    return outstanding


def test_a_message_is_lost_when_it_is_outstanding_for_long_and_not_on_the_queue() -> None:
    assert lost(window(), set(), 100 + PATIENCE) == [RUN]
    assert lost(window(), {MESSAGE}, 100 + PATIENCE) == []
    assert lost(window(), set(), 99 + PATIENCE) == []


def test_after_a_look_it_is_not_looked_for_again_at_once() -> None:
    outstanding = window()
    assert lost(outstanding, {MESSAGE}, 100 + PATIENCE) == []
    assert lost(outstanding, set(), 101 + PATIENCE) == []
    assert lost(outstanding, set(), 100 + 2 * PATIENCE) == [RUN]


def test_what_was_claimed_meanwhile_is_not_lost() -> None:
    outstanding = window()
    outstanding.discard(MESSAGE)
    assert lost(outstanding, set(), 1_000) == []
    assert len(outstanding) == 0


def test_one_look_serves_all_that_is_on_the_queue() -> None:
    outstanding = window()
    younger = DueRun("sleep", 0, "u", 1)
    outstanding.add(younger, 105)
    assert lost(outstanding, {MESSAGE, Message("u", 1)}, 100 + PATIENCE) == []
    assert outstanding.older_than(109) == []
    assert lost(outstanding, set(), 100 + 2 * PATIENCE) == [RUN, younger]


def test_what_is_missing_for_a_short_time_is_still_waited_for_no_longer_than_that() -> None:
    outstanding = window()
    younger = DueRun("sleep", 0, "u", 1)
    outstanding.add(younger, 105)
    assert lost(outstanding, {MESSAGE}, 100 + PATIENCE) == []
    assert lost(outstanding, set(), 105 + PATIENCE) == [younger]
