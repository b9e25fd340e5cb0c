"""The histogram of durations: its quantiles are near the true ones."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waybill.domain.durations import MOST, Durations

MILLISECONDS = st.lists(st.integers(1, 10**10), min_size=1, max_size=300)


@example([2], 0.5)
@given(MILLISECONDS, st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_within_five_percent(seen: list[int], share: float) -> None:
    durations = Durations()
    for one in seen:
        durations.add(one)
    ordered = sorted(seen)
    true = next(one for place, one in enumerate(ordered, 1) if place >= share * len(ordered))
    found = durations.quantile(share)
    assert found is not None
    assert abs(found * 1000 - true) <= 0.05 * true


def test_of_nothing_there_is_no_quantile_and_less_than_a_millisecond_counts_as_one() -> None:
    durations = Durations()
    assert durations.quantile(0.5) is None
    durations.add(0)
    assert durations.quantile(0.5) == pytest.approx(0.001, rel=0.05)


def test_what_was_true_long_ago_fades_and_memory_is_bounded() -> None:
    durations = Durations()
    for _ in range(MOST):
        durations.add(60_000)
    for _ in range(MOST):
        durations.add(1_000)
    assert durations.total < MOST
    assert durations.quantile(0.5) is not None
    assert (durations.quantile(0.5) or 0) < 2


def test_it_is_written_and_read_again() -> None:
    durations = Durations()
    durations.add(5)
    written = json.loads(json.dumps(durations.counts))
    assert Durations({int(bucket): count for bucket, count in written.items()}).counts == durations.counts
