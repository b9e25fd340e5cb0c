"""Which messages count as lost."""

from services.api.store.tasks import DueRun
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
