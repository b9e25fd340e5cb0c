"""The end of a long text is kept."""

from hypothesis import given
from hypothesis import strategies as st

from waybill.domain.texts.tail import OMITTED, tail


def test_a_short_text_is_kept_whole() -> None:
    assert tail("abc", 3) == "abc"
    assert tail("", 100) == ""


def test_what_is_kept_begins_with_a_line() -> None:
    assert tail("one\ntwo\nthree\n", 13) == OMITTED + "three\n"
    assert tail("x" * 40, 16) == OMITTED + "x" * 10


@given(st.text(), st.integers(20, 200))
def test_it_is_no_longer_than_allowed_and_the_end_of_the_text(text: str, most: int) -> None:
    kept = tail(text * 9, most)
    assert len(kept.encode()) <= most
    assert (text * 9).endswith(kept.removeprefix(OMITTED))
