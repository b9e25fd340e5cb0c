"""A log that is followed: what has come since the last look is printed, and nothing twice."""

from hypothesis import given
from hypothesis import strategies as st

from waybill.cli.commands.history import added


@given(st.text(alphabet="ab\n"), st.text(alphabet="ab\n"))
def test_of_a_log_that_grew_the_rest_is_new(before: str, more: str) -> None:
    assert added(before, before + more) == more


def test_of_a_log_that_lost_its_beginning_the_rest_is_new() -> None:
    lines = "".join(f"line {number}\n" for number in range(300))
    assert added(lines[:2000], lines[800:]) == lines[2000:]
    same = "the same\n" * 1_000
    assert same.endswith(added(same[:4_000], same[1_000:]))
    assert added("all other", "quite new") == "quite new"
