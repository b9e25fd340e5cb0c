"""What the first page says of rates and errors."""

import pytest

from waybill.wire.statistics import MinuteJson
from waybill_api.admin.pages.overview import a_minute, error_rate


@pytest.mark.parametrize(("rate", "said"), [(0.0, "0"), (0.004, "0.2"), (0.12, "7.2"), (0.5, "30"), (843.0, "50,580")])
def test_a_rate_is_told_by_the_minute(rate: float, said: str) -> None:
    assert a_minute(rate) == said


def minute(completed: int, error: int) -> MinuteJson:
    none = {"p50": None, "p95": None}
    return {"at": "", "created": 0, "completed": completed, "error": error, "wait": none, "run": none}  # type: ignore[typeddict-item]


def test_the_error_rate_is_of_what_ended() -> None:
    assert error_rate([minute(3, 0), minute(0, 1)]) == 0.25
    assert error_rate([minute(0, 0)]) is None
    assert error_rate([]) is None
