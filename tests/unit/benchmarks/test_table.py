"""The table that people read."""

import pytest

from benchmarks.figure import Figure, Side, Target, Unit
from benchmarks.table import amount, table


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(12_345.6, "/s", "12,346/s"), (123.4, "ms", "123 ms"), (12.34, "ms", "12.3 ms"), (2.456, "s", "2.46 s")],
)
def test_an_amount_has_as_many_digits_as_mean_something(value: float, unit: Unit, text: str) -> None:
    assert amount(value, unit) == text


def test_each_figure_is_a_line_with_its_comparator_and_its_target() -> None:
    creates = Figure(
        name="creates",
        unit="/s",
        waybill=Side.of_rounds("Waybill", [1_000]),
        against=Side.of_rounds("noop", [2_000]),
        target=Target(of="ratio", at_least=0.55),
    )
    idle = Figure(
        name="idle",
        unit="ms",
        waybill=Side.of_rounds("Waybill", [10]),
        against=Side.of_rounds("naive", [40], "was asked often"),
        target=Target(of="value", at_most=20),
    )
    late = Figure(name="late", unit="ms", waybill=idle.waybill, against=creates.against)
    head, *lines = table([creates, idle, late]).splitlines()
    assert head.split() == ["FIGURE", "WAYBILL", "AGAINST", "RATIO", "TARGET"]
    assert lines[0].split() == ["creates", "1,000/s", "noop", "2,000/s", "0.50", "ratio", ">=", "0.55", "misses"]
    assert lines[1].split() == ["idle", "10.0", "ms", "naive", "40.0", "ms", "4.00", "<=", "20", "ms", "holds"]
    assert lines[2].split()[-1] == "-"
    assert lines[-1] == "idle: naive was asked often."
    assert {line.index("naive") for line in lines[1:2]} == {head.index("AGAINST")}
