"""A worker detects that its handlers have left it no descriptors."""

import logging
import os

import pytest

from tests.descriptors import no_descriptors
from waybill_worker.process.descriptors import Descriptors


class Clock:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_process_with_descriptors_has_them() -> None:
    descriptors = Descriptors(Clock())
    assert not descriptors.are_gone()
    descriptors.release()


def test_a_moment_without_descriptors_does_not_count() -> None:
    clock = Clock()
    descriptors = Descriptors(clock)
    for _ in range(5):
        with no_descriptors():
            assert not descriptors.are_gone()
            clock.now += 0.9
            assert not descriptors.are_gone()
        assert not descriptors.are_gone()
        clock.now += 0.9
    descriptors.release()


def test_a_lasting_want_is_told_in_one_line_and_what_was_set_aside_can_be_had(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    descriptors = Descriptors(clock)
    with caplog.at_level(logging.CRITICAL), no_descriptors():
        assert not descriptors.are_gone()
        clock.now += 1.0
        assert descriptors.are_gone()
        opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]
        for descriptor in opened:
            os.close(descriptor)
    (record,) = caplog.records
    assert "No descriptor is left" in record.getMessage()
