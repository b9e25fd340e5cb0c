"""An API in this process, and a worker that does what tasks say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.client.handworker import HandWorker
from tests.stateful.running import ADMIN, REPORTER, RunningApi
from waybill.client.client import Client


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    """Return an API with the types `resize`, `sleep` and, without a handler, `delivery`."""
    api = RunningApi(tmp_path)
    assert api.call("POST", "/task-types", {"name": "resize", "handler": "resize"}).status == 201
    assert api.call("POST", "/task-types", {"name": "delivery"}).status == 201
    yield api
    api.close()


@pytest.fixture
def worker(api: RunningApi) -> Iterator[HandWorker]:
    """Return a worker of that API."""
    worker = HandWorker(api.url, REPORTER)
    yield worker
    worker.close()


@pytest.fixture
def client(api: RunningApi) -> Iterator[Client]:
    """Return a client with the administrator's token."""
    with Client(api.url, ADMIN, retries=1) as client:
        yield client
