"""Which errors are taken for the same."""

import time

import pytest

from waybill_api.search.fingerprint import fingerprint, pattern_of
from waybill_api.search.marks import mark, marks_of


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("", ""),
        ("it's done\nsecond line", "it's done"),
        ("no file '/tmp/x 1' at 12:30", "no file <text> at <n>"),
        ('cannot read "it\'s"', "cannot read <text>"),
        ("task 0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90 took 3.5 s", "task <id> took <n> s"),
        ("at 0x7fFF of deadbeef01", "at <hex> of <hex>"),
        ("the accessed decade", "the accessed decade"),
    ],
)
def test_what_differs_between_tasks_is_left_out(message: str, pattern: str) -> None:
    assert pattern_of(message) == pattern


def test_type_and_code_and_pattern_tell_errors_apart() -> None:
    same = fingerprint("sleep", "failed", "no file 1")
    assert same == fingerprint("sleep", "failed", "no file 2")
    others = {
        fingerprint("other", "failed", "no file 1"),
        fingerprint("sleep", "timeout", "no file 1"),
        fingerprint("sleep", "failed", "no files 1"),
    }
    assert len(others | {same}) == 4


@pytest.mark.parametrize("message", ["'" * 5_000, '"' * 5_000, "0" * 5_000, "a1" * 5_000, "`\n" * 5_000, "12:" * 5_000])
def test_no_message_takes_long(message: str) -> None:
    started = time.process_time()
    pattern_of(message)
    assert time.process_time() - started < 1


def test_plain_values_of_the_top_level_are_marked() -> None:
    marks = list(marks_of({"a": 1, "b": "X", "c": True, "d": None, "e": 1.5, "f": [1], "g": {}, "h": "x" * 1_000}))
    wanted = [("a", "1"), ("b", "x"), ("c", "true"), ("d", "null"), ("e", "1.5")]
    assert marks == [mark(*one) for one in wanted]
