"""What keeps the API from serving is held until it is cleared, and fills no log."""

import logging

import pytest

from waybill_api.conditions import DISK_FULL, NO_DESCRIPTORS, QUIET_SECONDS, Conditions


class Clock:
    """A clock that is turned by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_what_comes_and_goes_is_logged_once_a_minute_and_always_told(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    conditions = Conditions(clock)
    for _ in range(100):
        conditions.hold(NO_DESCRIPTORS, "no descriptor is left")
        conditions.hold(NO_DESCRIPTORS, "no descriptor is left")
        assert [condition.code for condition in conditions.now()] == [NO_DESCRIPTORS]
        conditions.clear(NO_DESCRIPTORS)
        conditions.clear(NO_DESCRIPTORS)
        assert conditions.now() == []
        clock.now += QUIET_SECONDS / 50
    assert caplog.messages == 2 * ["not ready: no descriptor is left", "well again, no longer: no descriptor is left"]


def test_each_condition_is_logged_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    conditions = Conditions(Clock())
    caplog.set_level(logging.WARNING)
    conditions.hold(NO_DESCRIPTORS, "no descriptor is left")
    conditions.hold(DISK_FULL, "the disk is full")
    assert caplog.messages == ["not ready: no descriptor is left", "not ready: the disk is full"]
