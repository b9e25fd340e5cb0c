"""Installations of Waybill for the acceptance tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Instance]]:
    """Return a function that makes an installation; `settings` are WAYBILL_ variables without their prefix."""
    instances: list[Instance] = []

    def make(**settings: str) -> Instance:
        instances.append(Instance(tmp_path / f"instance-{len(instances)}", **settings))
        return instances[-1]

    yield make
    for instance in instances:
        instance.close()


@pytest.fixture
def instance(install: Callable[..., Instance]) -> Instance:
    """Return an installation with the usual settings, nothing started yet."""
    return install()
