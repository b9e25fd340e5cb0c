"""Columns of text are aligned."""

from throwaway.table import aligned

ROWS = [("name", "count"), ("a long name", "7"), ("b", "1,000")]


def test_words_are_aligned_to_the_left() -> None:
    assert aligned(ROWS) == "name         count\na long name  7\nb            1,000"


def test_numbers_are_aligned_to_the_right_after_the_first_column() -> None:
    assert aligned(ROWS, numbers=True) == "name         count\na long name      7\nb            1,000"
