"""Times on the wire."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from waybill.wire.timestamps import milliseconds_of, rfc3339

SOME_CENTURIES = 4_000_000_000_000


@given(st.integers(0, SOME_CENTURIES))
def test_a_time_is_written_to_the_millisecond_and_read_back(milliseconds: int) -> None:
    text = rfc3339(milliseconds)
    assert len(text) == len("2026-01-31T09:30:00.250Z")
    assert milliseconds_of(datetime.fromisoformat(text)) == milliseconds


def test_no_time_is_null() -> None:
    assert rfc3339(None) is None


def test_other_zones_are_understood() -> None:
    moment = datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=3)))
    assert milliseconds_of(moment) == milliseconds_of(datetime(2026, 1, 1, tzinfo=UTC))
