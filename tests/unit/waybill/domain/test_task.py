"""What follows from the fields of a task."""

from tests.unit.waybill.domain.test_transitions import held


def test_the_run_limit_is_the_timeout_else_the_processing_time_and_a_minute_else_an_hour() -> None:
    assert held(timeout=7).run_limit == 7
    assert held().run_limit == 61
    assert held(processing_time=None).run_limit == 3_600
