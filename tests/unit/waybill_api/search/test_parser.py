"""What may be typed into the search box, and what is said of what may not."""

import json
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.domain.status import ErrorCode, Status
from waybill_api.search.parser import LONGEST, QUALIFIERS, QueryError, parse
from waybill_api.search.query import Query


def ms(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type,misc]


TASK_ID = "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("  ", Query()),
        ("status:error", Query(statuses=(Status.ERROR,))),
        ("STATUS:New,processing", Query(statuses=(Status.NEW, Status.PROCESSING))),
        ("type:sleep stage:enrich", Query(types=("sleep",), stages=("enrich",))),
        ("error:timeout", Query(errors=(ErrorCode.TIMEOUT,))),
        ('key:ABC,"with space"', Query(keys=("ABC", "with space"))),
        (f"id:{TASK_ID.upper()}", Query(ids=(TASK_ID,))),
        ("failure:0123456789ab worker:w-1", Query(failures=("0123456789ab",), workers=("w-1",))),
        ("meta.user:42", Query(metadata=(("user", ("42",)),))),
        ('meta.Full.Name:"a, b",c', Query(metadata=(("Full.Name", ("a, b", "c")),))),
        ('free "a phrase" x@y.org', Query(texts=("free", "a phrase", "x@y.org"))),
        ('"status:error"', Query(texts=("status:error",))),
        ("a,b", Query(texts=("a,b",))),
        ("created:2026-11-01", Query(created_from=ms(2026, 11, 1), created_to=ms(2026, 11, 2))),
        ("created:>2026-11-01", Query(created_from=ms(2026, 11, 2))),
        ("created:>=2026-11-01", Query(created_from=ms(2026, 11, 1))),
        ("created:<2026-11-01", Query(created_to=ms(2026, 11, 1))),
        ("created:<=2026-11-01T09:30", Query(created_to=ms(2026, 11, 1, 9, 31))),
        (
            "finished:2026-11-01T09:30:10Z..2026-11-01T12:00+02:00",
            Query(finished_from=ms(2026, 11, 1, 9, 30, 10), finished_to=ms(2026, 11, 1, 10, 1)),
        ),
        (
            "created:>=2026-11-01 created:<2026-12-01",
            Query(created_from=ms(2026, 11, 1), created_to=ms(2026, 12, 1)),
        ),
    ],
)
def test_what_is_typed_is_understood(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "at", "said", "suggestions"),
    [
        ("x status:eror", (2, 11), "'eror' is not a status", ("status:error",)),
        ("stauts:new", (0, 10), "there is no qualifier stauts:", ("status:", "stage:")),
        ("http://x", (0, 8), "put it in quotation marks", ("type:",)),
        (
            "status:",
            (0, 7),
            "a value is missing",
            ("status:new", "status:processing", "status:completed", "status:error"),
        ),
        ("meta.:x", (0, 7), "meta.KEY", ("meta.",)),
        ('say "abc', (4, 1), "a quotation mark is missing", ()),
        ("created:soon", (0, 12), "'soon' is not a day or a time", ("created:>2026-11-01",)),
        ("created:2026-02-30", (0, 18), "is in no calendar", ("created:>2026-11-01",)),
        ("created:9999-12-31", (0, 18), "is in no calendar", ("created:>2026-11-01",)),
        ("created:2026-11-01,2026-11-02", (0, 29), "takes one time or a range", ()),
        ("error:timeot", (0, 12), "'timeot' is not an error code", ("error:timeout",)),
        ("type:a!", (0, 7), "is not the name of a task type", ()),
        ("key:" + "a," * 20 + "a", (0, 45), "key: takes at most 20 values", ()),
        ("id:7", (0, 4), "is not the id of a task", ()),
        ("failure:xyz", (0, 11), "is not the fingerprint", ()),
        ("status:new status:error", (11, 12), "is given twice", ()),
        ("a -- b", (2, 2), "needs a letter or a digit", ()),
        ("a\x00b", (1, 1), "one line of text", ()),
        ("x" * (LONGEST + 1), (LONGEST, 1), f"at most {LONGEST}", ()),
        ("a " * 21, (40, 1), "at most 20 terms", ()),
    ],
)
def test_what_cannot_be_understood_is_named(
    text: str, at: tuple[int, int], said: str, suggestions: tuple[str, ...]
) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert said in refused.value.detail
    assert (refused.value.position, refused.value.length) == at
    assert refused.value.suggestions == suggestions
    assert refused.value.sentence in RUSSIAN


RUSSIAN = json.loads(files("waybill_api.admin").joinpath("locales", "ru.json").read_text("utf-8"))
PIECES = (*(f"{one}:" for one in QUALIFIERS), "meta.a:", '"', ",", "..", ">", "2026-11-01", "new", "Z", "+25:00")


@given(st.lists(st.text(max_size=12) | st.sampled_from(PIECES), max_size=12).map("".join))
def test_whatever_is_typed_is_understood_or_named(text: str) -> None:
    wrong = None
    try:
        parse(text)
    except QueryError as error:
        wrong = error
    if wrong is not None:
        assert wrong.detail
        assert wrong.sentence in RUSSIAN, "the pages say it in every language"
        assert 0 <= wrong.position <= len(text)
