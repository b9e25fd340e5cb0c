"""The simulation runs untraced: coverage's tracer and greenlets together may spin for ever."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    """Put the tracer aside while a test runs; the lines that only a simulation reaches do not count as covered."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)
