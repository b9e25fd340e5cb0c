"""An API at a UNIX socket serves workers, clients and the check of the image, and leaves no file behind."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_server import PATIENCE, command, fails
from throwaway.clone import ROOT
from waybill.api_error import ApiUnreachable
from waybill.client.client import Client


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, since the path of a socket must not be long."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_it_serves_and_leaves_no_file_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "api.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    host = f"unix:{path}"
    # None of them is asked for a socket.
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with subprocess.Popen(**command(folder / "data", host=host, root_path="/waybill")) as process:  # type: ignore[call-overload]
        try:
            assert process.stdout.readline() == f"ready on {host}\n"
            assert path.stat().st_mode & 0o777 == 0o660
            with Client(host) as client:
                task_id = client.create_task("a", 1)
                client.create_task("b", 1)
                assert client.url == host
                assert client.get_task(task_id)["name"] == "a"
                # The Link to the next page has the path before it.
                assert [task["name"] for task in client.list_tasks(limit=1)] == ["a", "b"]
            (line,) = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if "readyz" in line]
            check = json.loads(line.strip().removeprefix("CMD "))
            done = subprocess.run(
                [sys.executable, *check[1:]], env=os.environ | {"WAYBILL_HOST": host}, timeout=PATIENCE, check=False
            )
            assert done.returncode == 0
            status, complaint = fails(folder / "other", host=host)
            assert (status, complaint) == (
                1,
                f"WAYBILL_HOST: another program listens at {path}: end that one, or choose another path",
            )
            process.terminate()
            assert process.wait(PATIENCE) == 0
            assert not path.exists()
        finally:
            process.kill()
    with Client(host, retries=0) as client, pytest.raises(ApiUnreachable, match=f"No such file or directory: '{path}'"):
        client.get_task(task_id)


def test_a_path_that_hides_an_address_of_its_own_is_refused(folder: Path) -> None:
    status, complaint = fails(folder / "data", root_path="/tasks/waybill")
    assert status == 2
    assert complaint == (
        "WAYBILL_ROOT_PATH=/tasks/waybill begins like an address of the API, /tasks: choose another path"
    )
