"""Installations of Waybill for the acceptance tests, and a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.browser import chromium
from tests.acceptance.instance import Instance

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Return a browser for all tests of a module, since to start one takes longer than many of them.

    Playwright's loop runs in this thread from its start to its end, and then no other may. So a module's tests with the
    browser belong into one `xdist_group`, and none of its tests may need a loop.
    """
    with chromium() as browser:
        yield browser
