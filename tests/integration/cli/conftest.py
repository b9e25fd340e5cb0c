"""The command line in this process, against an API in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.commandline import CommandLine
from tests.integration.client.handworker import HandWorker
from tests.stateful.running import REPORTER, RunningApi


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
def waybill(
    api: RunningApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Return the command line, in a directory without an installation."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYBILL_API_URL", api.url)
    return CommandLine(monkeypatch, capsys)
