"""An address creates no more tasks a minute than allowed, and is admitted after the `Retry-After` it got."""

import pytest

from waybill_api import pace as module
from waybill_api.pace import Pace
from waybill_api.problems import TOO_MANY_CREATES, Refusal


class Clock:
    """Seconds that the test sets."""

    at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused(pace: Pace, address: str = "192.0.2.1", count: int = 1) -> int | None:
    """Return the seconds after which it may be tried again; None if it was let through."""
    try:
        pace.admit(address, count)
    except Refusal as refusal:
        return int(refusal.headers["Retry-After"]) if refusal.kind is TOO_MANY_CREATES else -1
    return None


def test_without_a_limit_anything_goes(clock: Clock) -> None:
    assert refused(Pace(0, clock), count=1_000_000) is None


def test_a_minute_s_worth_may_come_at_once_and_then_at_the_pace(clock: Clock) -> None:
    pace = Pace(10, clock)
    assert [refused(pace) for _ in range(12)] == [None] * 10 + [6, 6]
    assert refused(pace, "192.0.2.2") is None, "another address"
    clock.at += 6
    assert [refused(pace), refused(pace)] == [None, 6]
    clock.at += 3_600
    assert [refused(pace) for _ in range(11)] == [None] * 10 + [6]


def test_a_batch_that_is_larger_than_a_minute_is_let_through_and_waited_for_afterwards(clock: Clock) -> None:
    pace = Pace(100, clock)
    assert refused(pace, count=1_000) is None
    wait = refused(pace)
    assert wait == 541
    clock.at += wait - 1
    assert refused(pace) == 1
    clock.at += 1
    assert refused(pace) is None


def test_one_network_counts_as_one_address_and_not_all_are_remembered(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_REMEMBERED", 2)
    pace = Pace(1, clock)
    assert [refused(pace, "2001:db8::1"), refused(pace, "2001:db8::2")] == [None, 60]
    assert [refused(pace, f"192.0.2.{number}") for number in range(9)] == [None] * 9
    assert len(pace._paid_until) == 2
