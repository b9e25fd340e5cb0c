"""Versions: each has a tag, and the tag shows which fields have changed since."""

from typing import Any

import pytest

from waybill.domain.errors import ChangedMeanwhile
from waybill_api.preconditions.versions import etag_of, unchanged

SEEN: dict[str, Any] = {"name": "nap", "title": "A nap", "priority": 3, "stages": None, "paused": False}


def fields_of(record: dict[str, Any]) -> dict[str, Any]:
    return record


def differs(if_match: str, now: dict[str, Any]) -> dict[str, Any] | None:
    """Return the fields that differ by a condition, None if it holds."""
    condition = unchanged(if_match, fields_of)
    assert condition is not None
    try:
        condition(now)
    except ChangedMeanwhile as raised:
        error = raised
    else:
        return None
    assert error.facts["etag"] == etag_of(now)
    found: dict[str, Any] = error.facts["differs"]
    return found


def test_without_a_header_there_is_no_condition() -> None:
    assert unchanged(None, fields_of) is None


def test_the_order_of_fields_makes_no_version() -> None:
    assert etag_of(SEEN) == etag_of(dict(reversed(SEEN.items())))
    assert len({etag_of(SEEN), etag_of(SEEN | {"priority": 4}), etag_of(SEEN | {"paused": None})}) == 3


def test_what_has_not_changed_may_be_changed() -> None:
    for header in (etag_of(SEEN), f'"x", {etag_of(SEEN)}', "*"):
        assert differs(header, SEEN) is None


def test_what_is_other_is_told_and_nothing_else() -> None:
    now = SEEN | {"title": "Now", "stages": ["a", "b"]}
    assert differs(etag_of(SEEN), now) == {"title": "Now", "stages": ["a", "b"]}


@pytest.mark.parametrize("header", ["", '"x"', "nonsense", '"a.b.c"', f"W/{etag_of(SEEN)}x"])
def test_of_a_tag_that_is_not_ours_everything_is_other(header: str) -> None:
    assert differs(header, SEEN) == SEEN


def test_a_weak_tag_is_no_condition_that_holds() -> None:
    assert differs(f"W/{etag_of(SEEN)}", SEEN) is not None


def test_what_may_not_be_seen_is_named_alone() -> None:
    def shown(record: dict[str, Any]) -> dict[str, Any]:
        return {"title": record["title"]}

    condition = unchanged(etag_of(SEEN), fields_of, shown)
    assert condition
    with pytest.raises(ChangedMeanwhile) as raised:
        condition(SEEN | {"title": "Now", "priority": 9})
    assert raised.value.facts["differs"] == {"title": "Now", "priority": None}
