"""Ids rise, whatever the clock does."""

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from waybill_api.store.engine.ids import Ids


@given(st.lists(st.integers(0, 2**47), min_size=1, max_size=20))
def test_ids_are_version_7_and_rise_even_when_the_clock_goes_back(times: list[int]) -> None:
    ids = Ids()
    drawn = [ids.draw(time) for time in times]
    assert drawn == sorted(set(drawn))
    for one in map(UUID, drawn):
        assert (one.version, one.variant) == (7, RFC_4122)
    assert UUID(drawn[0]).int >> 80 == times[0]


@given(st.integers(0, 2**47), st.integers(0, 2**47))
def test_ids_go_on_after_the_last_one_in_use(first: int, second: int) -> None:
    last = Ids().draw(first)
    assert Ids(last).draw(second) > last
