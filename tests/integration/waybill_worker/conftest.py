"""A bench for each test of the worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.waybill_worker.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a bench, and close it afterwards."""
    bench = Bench(tmp_path)
    yield bench
    bench.close()
