"""The process ends even if its end hangs."""

from services.worker.ending import Deadline
from tests.unit.services.worker.scripted import until


def test_an_end_that_takes_too_long_is_forced() -> None:
    statuses: list[int] = []
    deadline = Deadline(0.0, statuses.append)
    assert statuses == []
    deadline.begin(70)
    until(lambda: statuses == [70])
