"""Which entity tags a header names: weak and strong ones, lists, and malformed ones."""

import pytest

from waybill_api.preconditions.entity_tags import names, names_exactly

TAG = '"1.3"'


@pytest.mark.parametrize(
    "header",
    [
        '"1.3"',
        'W/"1.3"',
        '"1.2", "1.3"',
        '"1.2","1.3"',
        ' \t"1.2" , W/"1.3"\t',
        ', ,"1.3",',
        '"a,b", "1.3"',
        "*",
        " * ",
    ],
)
def test_what_names_the_present_tag_is_no_change(header: str) -> None:
    assert names(header, TAG)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        ",",
        "1.3",
        '"1.30"',
        '"01.3"',
        '"1.2, 1.3"',
        '"x,"1.3",y"',
        '"1.3',
        '1.3"',
        'w/"1.3"',
        'W/ "1.3"',
        "W/1.3",
        '"1.3" "1.4"',
        '"1.3"x',
        '*, "1.3"',
        '"*"',
        '"1.3"\n',
    ],
)
def test_what_does_not_name_the_present_tag_gets_the_whole_answer(header: str | None) -> None:
    assert not names(header, TAG)
    assert not names_exactly(header, TAG)


def test_a_comma_inside_quotes_belongs_to_the_tag() -> None:
    assert names('"a", "b,c"', '"b,c"')
    assert not names('"a", "b,c"', '"b"')
    assert not names('"a,b"', '"a"')


@pytest.mark.parametrize(
    ("header", "etag", "is_named"),
    [
        ('"1.3"', TAG, True),
        ('"1.2", "1.3"', TAG, True),
        ("*", TAG, True),
        ('W/"1.3"', TAG, False),
        ('"1.3"', 'W/"1.3"', False),
        ('W/"1.3"', 'W/"1.3"', False),
    ],
)
def test_a_change_asks_for_the_strong_comparison(header: str, etag: str, is_named: bool) -> None:
    assert names_exactly(header, etag) is is_named


def test_a_weak_tag_is_named_by_a_strong_one_where_a_copy_is_asked_for() -> None:
    assert names('"1.3"', 'W/"1.3"')


def test_a_long_list_is_read_in_one_pass() -> None:
    assert names('"x",' * 4_000 + TAG, TAG)
    assert not names("," * 16_000 + " " * 16_000 + "x", TAG)
