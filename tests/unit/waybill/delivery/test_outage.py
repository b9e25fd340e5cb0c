"""An API that is away for a moment causes no warning; one that stays away causes one."""

import logging

import pytest

from waybill.api_error import ApiError
from waybill.delivery.outage import PATIENCE_SECONDS, Outage
from waybill.host.world import World

REFUSED = ApiError("Connection refused")


class Clock:
    """A clock that is turned by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock at zero."""
    return Clock()


@pytest.fixture
def outage(clock: Clock, caplog: pytest.LogCaptureFixture) -> Outage:
    """Return an outage of which every word is kept."""
    caplog.set_level(logging.INFO)
    return Outage("http://here", World(monotonic=clock))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings until now."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_an_api_that_starts_after_its_worker_or_stops_before_it_is_no_warning(
    outage: Outage, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    outage.began(REFUSED)
    outage.began(REFUSED)
    outage.ended()
    clock.now += 3_600
    outage.began(REFUSED)
    clock.now += PATIENCE_SECONDS - 0.1
    outage.began(REFUSED)
    assert warnings(caplog) == []
    assert caplog.messages == ["Waiting for the API at http://here: Connection refused"]


def test_an_api_that_stays_away_is_one_warning_and_its_return_one_line(
    outage: Outage, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    outage.ended()
    for _ in range(30):
        outage.began(REFUSED)
        clock.now += 1
    assert warnings(caplog) == ["API unreachable at http://here for 10 s; retrying: Connection refused"]
    outage.ended()
    outage.ended()
    assert caplog.messages[1:] == ["The API at http://here answers again"]


def test_each_absence_is_timed_by_itself(outage: Outage, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        outage.began(REFUSED)
        clock.now += PATIENCE_SECONDS - 1
        outage.ended()
    assert warnings(caplog) == []
