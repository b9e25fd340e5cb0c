"""The process ends even if its end hangs."""

from tests.unit.waybill_worker.scripted import until
from waybill_worker.process.ending import Deadline


def test_an_end_that_takes_too_long_is_forced() -> None:
    statuses: list[int] = []
    deadline = Deadline(0.0, statuses.append)
    assert statuses == []
    deadline.begin(70)
    until(lambda: statuses == [70])
