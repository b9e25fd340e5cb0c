"""Every domain error has its place in the table."""

from collections.abc import Iterator

import pytest

from waybill.domain.errors import AttemptHasMoved, Invalid, TaskNotFound, WaybillError
from waybill_api.problems import DOMAIN_KINDS, Refusal, invalid, refusal_of


def _family(error: type[WaybillError]) -> Iterator[type[WaybillError]]:
    yield error
    for child in error.__subclasses__():
        yield from _family(child)


@pytest.mark.parametrize("error", list(_family(WaybillError)))
def test_every_domain_error_has_a_status_and_a_code(error: type[WaybillError]) -> None:
    assert 400 <= DOMAIN_KINDS[error].status < 600
    assert DOMAIN_KINDS[error].code.isidentifier()


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in DOMAIN_KINDS.values()]
    assert len(set(codes)) == len(codes)


def test_a_new_error_is_answered_as_its_nearest_ancestor() -> None:
    class TaskIsAsleep(TaskNotFound):
        """The task sleeps."""

    assert refusal_of(TaskIsAsleep()).kind.code == "task_not_found"


def test_the_facts_of_an_error_are_shown() -> None:
    document = refusal_of(AttemptHasMoved(attempt=3)).document()
    assert document == {
        "title": "Conflict",
        "status": 409,
        "code": "attempt_has_moved",
        "detail": "The task is in another attempt than the one named.",
        "attempt": 3,
    }


def test_an_impossible_field_is_named() -> None:
    document = refusal_of(Invalid("there is no such type", "/type")).document()
    assert document["errors"] == [{"pointer": "/type", "detail": "there is no such type"}]


def test_a_flood_of_errors_is_cut() -> None:
    refusal = invalid([{"pointer": f"/{n}", "detail": "x"} for n in range(1_000)])
    assert isinstance(refusal, Refusal)
    assert len(refusal.document()["errors"]) == 100
    assert "1000" in refusal.detail
