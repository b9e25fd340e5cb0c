"""Which messages count as lost."""

from waybill.queue.message import Message, QueuedMessage
from waybill_api.store.tables.lanes import DueRun
from waybill_api.upkeep.lost_messages import PATIENCE, lost, unwanted
from waybill_api.upkeep.window import Window

RUN = DueRun("sleep", 0, "t", 1)
MESSAGE = Message("t", 1)
LIES = QueuedMessage(1, "sleep", MESSAGE)


def window(at: float = 100.0) -> Window:
    outstanding = Window()
    outstanding.add(RUN, at)
    return outstanding


def test_a_message_is_lost_when_it_is_outstanding_for_long_and_not_on_the_queue() -> None:
    assert lost(window(), [], 100 + PATIENCE) == [RUN]
    assert lost(window(), [LIES], 100 + PATIENCE) == []
    assert lost(window(), [], 99 + PATIENCE) == []


def test_after_a_look_it_is_not_looked_for_again_at_once() -> None:
    outstanding = window()
    assert lost(outstanding, [LIES], 100 + PATIENCE) == []
    assert lost(outstanding, [], 101 + PATIENCE) == []
    assert lost(outstanding, [], 100 + 2 * PATIENCE) == [RUN]


def test_what_was_claimed_meanwhile_is_not_lost() -> None:
    outstanding = window()
    outstanding.discard(MESSAGE)
    assert lost(outstanding, [], 1_000) == []
    assert len(outstanding) == 0


def test_one_look_serves_all_that_is_on_the_queue() -> None:
    outstanding = window()
    younger = DueRun("sleep", 0, "u", 1)
    outstanding.add(younger, 105)
    assert lost(outstanding, [LIES, QueuedMessage(2, "sleep", Message("u", 1))], 100 + PATIENCE) == []
    assert outstanding.older_than(109) == []
    assert lost(outstanding, [], 100 + 2 * PATIENCE) == [RUN, younger]


def test_what_is_missing_for_a_short_time_is_still_waited_for_no_longer_than_that() -> None:
    outstanding = window()
    younger = DueRun("sleep", 0, "u", 1)
    outstanding.add(younger, 105)
    assert lost(outstanding, [LIES], 100 + PATIENCE) == []
    assert lost(outstanding, [], 105 + PATIENCE) == [younger]


def test_on_another_route_it_is_as_good_as_lost() -> None:
    elsewhere = LIES._replace(number=2, route="nap")
    assert lost(window(), [elsewhere], 100 + PATIENCE) == [RUN]
    assert lost(window(), [elsewhere, LIES], 100 + PATIENCE) == []
    assert unwanted(window(), [elsewhere, LIES]) == [2]


def test_what_is_not_outstanding_is_unwanted() -> None:
    assert unwanted(
        window(), [LIES, QueuedMessage(7, "sleep", Message("t", 2)), QueuedMessage(8, "sleep", Message("u", 1))]
    ) == [7, 8]
