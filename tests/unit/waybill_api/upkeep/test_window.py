"""What is outstanding, and since when."""

import pytest

from waybill.queue.message import Message
from waybill_api.store.tables.lanes import DueRun, Lane
from waybill_api.upkeep.window import WINDOW, Window

LANE = Lane("sleep", 0)


def run(task_id: str) -> DueRun:
    return DueRun(*LANE, task_id, 1)


@pytest.fixture
def window() -> Window:
    """A window with a, b and c, last seen at 1, 2 and 3 seconds."""
    window = Window()
    for at, task_id in enumerate("abc", start=1):
        window.add(run(task_id), at)
    return window


def test_what_was_last_seen_until_then_is_older(window: Window) -> None:
    assert window.older_than(0.5) == []
    assert window.older_than(2) == [(Message("a", 1), LANE), (Message("b", 1), LANE)]


def test_what_is_seen_or_sent_again_is_as_new_as_that(window: Window) -> None:
    window.see({Message("a", 1)}, 4)
    window.add(run("b"), 5)
    assert window.older_than(3) == [(Message("c", 1), LANE)]
    assert [message.task_id for message, _ in window.older_than(5)] == ["c", "a", "b"]


def test_a_message_counts_once_until_it_is_discarded(window: Window) -> None:
    window.add(run("a"), 4)
    assert (len(window), window.room(LANE)) == (3, WINDOW - 3)
    assert window.discard(Message("a", 1)) == LANE
    assert window.discard(Message("a", 1)) is None
    assert (len(window), window.room(LANE)) == (2, WINDOW - 2)


def test_what_is_seen_but_not_outstanding_does_not_matter(window: Window) -> None:
    window.see({Message("d", 1), Message("a", 2)}, 4)
    assert [message for message, _ in window.older_than(4)] == [Message(task_id, 1) for task_id in "abc"]


def test_what_is_less_urgent_makes_room_and_a_route_holds_no_more_than_its_window() -> None:
    window = Window()
    for priority in range(3):
        for number in range(WINDOW):
            window.add(DueRun("sleep", priority, f"{priority}-{number}", 1), 1)
    rooms = {priority: window.room(Lane("sleep", priority)) for priority in (-1, 1, 2, 3)}
    assert rooms == {-1: -2 * WINDOW, 1: -WINDOW, 2: 0, 3: WINDOW}
    assert window.excess() == {"sleep": 2 * WINDOW}
    assert window.room(Lane("nap", -100)) == WINDOW, "each route for itself"
