"""What is offered to somebody who types a search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill_api.search.parser import QueryError, parse
from waybill_api.search.vocabulary import MOST_KEYS, MOST_STAGES, MOST_VALUES, Vocabulary


@pytest.fixture
def vocabulary() -> Vocabulary:
    heard = Vocabulary()
    heard.hear("enrich", {"user": 42, "lang": "ru", "city": "New York", "deep": {"x": 1}, "ok": True})
    heard.hear("deliver", {"user": 7})
    return heard


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sta", ["status:", "stage:"]),
        ("status:", ["status:new", "status:processing", "status:completed", "status:error"]),
        ("words status:E", ["words status:error"]),
        ("status:new,er", ["status:new,error"]),
        ("type:s", ["type:sleep"]),
        ("stage:", ["stage:deliver", "stage:enrich"]),
        ("meta.u", ["meta.user:"]),
        ("meta.user:", ["meta.user:7", "meta.user:42"]),
        ("meta.ok:", ["meta.ok:true"]),
        ("meta.city:n", ['meta.city:"New York"']),
        ('meta.city:"new', ['meta.city:"New York"']),
        ('a b meta.city:"new y', ['a b meta.city:"New York"']),
        ("meta.deep:", []),
        ("error:time", ["error:timeout"]),
        ("type:sleep", []),
        ("nothing", []),
    ],
)
def test_what_was_begun_is_completed(vocabulary: Vocabulary, typed: str, offered: list[str]) -> None:
    assert vocabulary.completions(typed, ["parcel", "sleep"], 10) == offered


def test_there_is_always_something_to_begin_with(vocabulary: Vocabulary) -> None:
    assert vocabulary.completions("", [], 3) == ["status:", "type:", "stage:"]


def test_what_is_remembered_is_bounded() -> None:
    vocabulary = Vocabulary()
    for number in range(1_000):
        vocabulary.hear(f"stage-{number}", {f"key-{number}": number, "same": number})
    assert len(vocabulary._stages) == MOST_STAGES
    assert len(vocabulary._metadata) <= MOST_KEYS
    assert len(vocabulary._metadata["same"]) == MOST_VALUES


@given(st.text(max_size=30))
def test_what_is_offered_goes_on_from_what_was_typed(typed: str) -> None:
    vocabulary = Vocabulary()
    vocabulary.hear("enrich", {"user": "a b", "x": 1})
    for offered in vocabulary.completions(typed, ["sleep"], 50):
        assert offered
        assert offered != typed


@pytest.mark.parametrize("typed", ["status:", "type:", "stage:", "meta.city:", "meta.user:", "error:"])
def test_what_is_offered_can_be_searched_for(vocabulary: Vocabulary, typed: str) -> None:
    for offered in vocabulary.completions(typed, ["sleep"], 50):
        try:
            parse(offered)
        except QueryError as error:
            pytest.fail(f"{offered}: {error.detail}")
