"""Which form of a list an Accept header asks for."""

import pytest

from waybill_api.http.long_answers import CSV, JSON, LISTS, NDJSON, negotiated
from waybill_api.problems import Refusal


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        ("TEXT/CSV", CSV),
        ("text/csv;q=0.2, application/x-ndjson;q=0.3", NDJSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("application/json;q=0, */*", NDJSON),
        ("application/*;q=0.1, text/csv;q=0.2", CSV),
        ("*/*;q=0.9, application/json;q=0.1", NDJSON),
        ("text/csv; header=present", CSV),
        ("text/csv;q=bad, application/json;q=0.1", JSON),
    ],
)
def test_the_form_that_is_liked_best_is_chosen(accept: str | None, media: str) -> None:
    assert negotiated(accept, LISTS) == media


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "*/*;q=0", "json"])
def test_nothing_that_is_liked_is_406(accept: str) -> None:
    with pytest.raises(Refusal):
        negotiated(accept, LISTS)
