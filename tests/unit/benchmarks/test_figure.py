"""Medians, ratios, and whether a target holds."""

import pytest

from benchmarks.figure import Figure, Side, Target, Unit, median, percentile


def figure(waybill: float, against: float, unit: Unit, target: Target | None = None) -> Figure:
    sides = Side.of_rounds("Waybill", [waybill]), Side.of_rounds("naive", [against])
    return Figure(name="a figure", unit=unit, waybill=sides[0], against=sides[1], target=target)


def test_the_median_is_the_middle_whatever_the_order() -> None:
    assert median([9, 1, 5]) == 5
    assert median([4, 1, 3, 2]) == 2.5
    with pytest.raises(ValueError, match="no values"):
        median([])


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(20, 0, -1)]
    assert percentile(values, 0.95) == 19
    assert percentile(values, 1.0) == 20
    assert percentile([7.0], 0.95) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_ratio_is_how_many_times_as_fast_for_rates_and_for_durations() -> None:
    assert figure(300, 100, "/s").ratio == 3
    assert figure(10, 40, "ms").ratio == 4


@pytest.mark.parametrize(("waybill", "holds"), [(55, True), (56, True), (54, False)])
def test_a_target_of_the_ratio_holds_from_its_bound_on(waybill: float, holds: bool) -> None:
    assert figure(waybill, 100, "/s", Target(of="ratio", at_least=0.55)).holds is holds


@pytest.mark.parametrize(("waybill", "holds"), [(4.0, True), (3.0, True), (4.1, False)])
def test_a_target_of_the_value_does_not_look_at_the_comparator(waybill: float, holds: bool) -> None:
    assert figure(waybill, 1, "s", Target(of="value", at_most=4.0)).holds is holds


def test_nothing_holds_where_there_is_no_target() -> None:
    assert figure(1, 1, "s").holds is None


def test_the_document_says_all_that_was_measured() -> None:
    side = Side.of_rounds("Waybill", [3, 1, 2], "was alone")
    document = Figure(name="a", unit="/s", waybill=side, against=side, target=Target(of="ratio", at_least=2)).document()
    assert document["waybill"] == {"name": "Waybill", "value": 2, "values": [3, 1, 2], "note": "was alone"}
    assert (document["ratio"], document["holds"]) == (1, False)
    assert document["target"] == {"of": "ratio", "at_least": 2, "at_most": None}
