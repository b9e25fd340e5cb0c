"""The life of the process: what it says when it cannot start, and how it stops."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from throwaway.clone import ROOT
from throwaway.process import environment, module

PATIENCE = 60


def command(data_dir: Path, **settings: str) -> dict[str, object]:
    """What starts an API with these settings, in a directory without `.env`."""
    return {
        "args": module("waybill_api"),
        "cwd": data_dir.parent,
        "env": environment(data_dir.parent, (), **{"data_dir": str(data_dir), "port": "0", **settings}),
        "text": True,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }


def fails(data_dir: Path, **settings: str) -> tuple[int, str]:
    """Start an API that cannot start, and return its exit status and its one line."""
    ended = subprocess.run(timeout=PATIENCE, check=False, **command(data_dir, **settings))  # type: ignore[call-overload]
    (line,) = ended.stderr.splitlines()
    return ended.returncode, line


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def running(data_dir: Path) -> "Iterator[subprocess.Popen[str]]":
    """An API that runs."""
    process = subprocess.Popen(**command(data_dir))  # type: ignore[call-overload]
    with process:
        yield process
        process.kill()


def address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready on http://127.0.0.1:"), line
    return line.split()[-1]


def test_nonsense_in_a_setting_ends_with_2(data_dir: Path) -> None:
    status, line = fails(data_dir, port="many")
    assert status == 2
    assert "WAYBILL_PORT" in line


def test_a_queue_that_nothing_but_another_setting_can_open_ends_with_2(data_dir: Path) -> None:
    """Without the driver it is the driver that is missing."""
    status, said = fails(data_dir, queue_url="postgresql://user:hush@host/database?nonsense=1")
    assert status == 2
    assert "WAYBILL_QUEUE_URL" in said
    assert "hush" not in said


def test_it_does_not_listen_off_loopback_for_anybody(data_dir: Path) -> None:
    status, line = fails(data_dir, host="0.0.0.0")  # noqa: S104 - it must not
    assert status == 2
    assert "WAYBILL_API_TOKEN" in line


@pytest.mark.parametrize("token", ["a", "changemechangeme", "1234567890123456"])
def test_it_does_not_start_with_an_api_token_that_can_be_guessed(data_dir: Path, token: str) -> None:
    status, line = fails(data_dir, api_token=token)
    assert status == 2
    assert line.startswith("WAYBILL_API_TOKEN must have at least 16 characters and be hard to guess")
    assert token not in line.partition("openssl")[0].split()


def test_a_port_in_use_ends_with_1(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, line = fails(data_dir, port=str(taken.getsockname()[1]))
    assert status == 1
    assert "WAYBILL_PORT=" in line


def test_a_second_api_on_the_same_data_ends_with_1(running: "subprocess.Popen[str]", data_dir: Path) -> None:
    address(running)
    status, line = fails(data_dir, lock_wait_seconds="0")
    assert status == 1
    assert "locked" in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_answers_long_polls_at_once_and_ends_with_0(running: "subprocess.Popen[str]", number: int) -> None:
    url = address(running)
    body = b'{"name": "x", "processing_time": 1}'
    with urlopen(Request(f"{url}/tasks", body, {"Content-Type": "application/json"})) as created:  # noqa: S310
        location = created.headers["Location"]
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as poll:
        poll.sendall(f"GET {location}?wait=60 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        # An answer to a later request shows that the loop has taken the poll in.
        with urlopen(f"{url}/readyz", timeout=PATIENCE) as later:  # noqa: S310
            assert later.status == 200
        running.send_signal(number)
        assert poll.recv(65_536).startswith(b"HTTP/1.1 200 ")
    assert running.wait(PATIENCE) == 0


def test_signals_that_whoever_started_it_has_ignored_do_not_stop_it(data_dir: Path) -> None:
    described = command(data_dir)
    described["args"] = ["sh", "-c", 'trap "" HUP INT; exec "$0" -m waybill_api', sys.executable]
    with subprocess.Popen(**described) as process:  # type: ignore[call-overload]
        try:
            url = address(process)
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGINT)
            with urlopen(f"{url}/readyz", timeout=PATIENCE) as served:  # noqa: S310
                assert served.status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def test_the_data_is_for_its_owner_only(running: "subprocess.Popen[str]", data_dir: Path) -> None:
    address(running)
    assert data_dir.stat().st_mode & 0o077 == 0
    for path in data_dir.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_check_of_the_image_knows_the_port_and_no_proxy(running: "subprocess.Popen[str]") -> None:
    url = address(running)
    (line,) = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if "readyz" in line]
    check = json.loads(line.strip().removeprefix("CMD "))
    proxies = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https", "all")}
    variables = os.environ | proxies | {"WAYBILL_PORT": url.rpartition(":")[2]}

    def exit_status(**more: str) -> int:
        return subprocess.run(
            [sys.executable, *check[1:]],
            env=variables | more,
            timeout=PATIENCE,
            check=False,
            stderr=subprocess.DEVNULL,
        ).returncode

    assert exit_status() == 0
    assert exit_status(WAYBILL_PORT="9") != 0


def a_folder(path: Path) -> None:
    path.mkdir()


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\n")


def a_link(path: Path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("name", "spoil"),
    [("worker.token", a_folder), ("admin.token", no_text), ("tasks.lock", a_link), ("installation", a_folder)],
)
def test_a_file_that_cannot_be_used_ends_with_2_and_is_named(
    data_dir: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    data_dir.mkdir(mode=0o700)
    spoil(data_dir / name)
    status, line = fails(data_dir)
    assert status == 2
    assert line.startswith(f"{data_dir / name} ")
