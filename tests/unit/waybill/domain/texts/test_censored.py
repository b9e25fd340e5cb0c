"""Texts about a run do not repeat the secrets of its input, and stay readable."""

from typing import Any

import pytest

from waybill.domain.texts.censored import MOST, censored, without

GIVEN = {"user": "anna", "password": 'pa"ss\n1', "keys": [{"k": "sesame"}, 123456], "flag": True, "pin": "12"}
SECRET = ("password", "keys", "flag", "pin", "absent")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('no pa"ss\n1 here', "no *** here"),
        (r"login('pa\"ss\n1')", "login('***')"),
        (repr('pa"ss\n1'), "'***'"),
        ("sesame, sesame and 123456", "***, *** and ***"),
        ("anna has 12 keys: True", "anna has 12 keys: True"),
        ("", ""),
    ],
)
def test_what_secret_fields_hold_is_masked_however_it_is_written(text: str, shown: str) -> None:
    assert censored(text, SECRET, GIVEN) == shown
    assert censored(text, (), GIVEN) == text


def test_a_longer_secret_is_masked_before_one_that_it_contains() -> None:
    assert censored("abcdefgh abcd", ("a",), {"a": ["abcd", "abcdefgh"]}) == "*** ***"


def test_only_so_many_are_looked_for() -> None:
    many = [f"{number:04}" + "x" * number for number in range(MOST + 5)]
    text = censored(" ".join(many), ("a",), {"a": many})
    assert text.count("***") == MOST
    assert many[0] in text


@pytest.mark.parametrize("value", [None, 7, "text", ["password"], {"a": 1}])
def test_what_has_no_secret_fields_stays_as_it_is(value: Any) -> None:
    assert without(("password",), value) == value
    assert censored("text 7", ("password",), value) == "text 7"
