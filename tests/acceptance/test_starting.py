"""Services start in any order, and say in one line why they cannot."""

import socket
import sys

import pytest

from tests.acceptance.instance import Instance, wait_until
from waybill import installation


def test_a_worker_may_start_before_the_api(instance: Instance) -> None:
    worker = instance.start_worker()
    wait_until((instance.data / "spool").exists, "a worker that has begun")
    instance.start_api()
    task_id = instance.create(0)
    assert instance.ended([task_id])[task_id]["status"] == 3
    assert worker.is_running


def test_a_second_api_on_the_same_data_ends_and_the_first_goes_on(instance: Instance) -> None:
    first = instance.start_api()
    second = instance.start("second", sys.executable, "-m", "waybill_api", port="0", lock_wait_seconds="0.5")
    assert second.ended() == 1
    waits, gives_up = second.read().splitlines()
    assert "waiting for its end for up to 0.5 s" in waits
    assert str(instance.data / "tasks.lock") in gives_up
    assert instance.create(0) in instance.tasks()
    assert first.is_running


def test_a_port_that_is_taken_is_told_before_anything_starts(instance: Instance) -> None:
    with socket.create_server(("127.0.0.1", instance.port)) as stranger:
        done = instance.manage("run")
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.accept()
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"port {instance.port} of 127.0.0.1 is in use by another program")
    assert "WAYBILL_PORT=" in line
    assert not instance.data.exists()


@pytest.mark.parametrize("service", ["api", "worker"])
def test_a_nonsense_setting_is_told_in_one_line(instance: Instance, service: str) -> None:
    process = instance.start(service, sys.executable, "-m", f"waybill_{service}", port="many")
    assert process.ended() == 2
    (line,) = process.read().splitlines()
    assert line.startswith("WAYBILL_PORT must be a whole number from 0 to 65535")


def test_a_damaged_database_is_told_in_one_line_and_left_as_it_is(instance: Instance) -> None:
    instance.data.mkdir(mode=0o700)
    database = instance.data / "tasks.db"
    database.touch(mode=0o600)
    database.write_bytes(b"this is no database" * 1_000)
    before = database.read_bytes()
    api = instance.start("api", sys.executable, "-m", "waybill_api", port="0")
    assert api.ended() == 1
    (line,) = api.read().splitlines()
    assert line.startswith(f"{database} cannot be used: file is not a database; put a good copy in its place")
    assert database.read_bytes() == before


def test_neither_a_worker_nor_a_command_sends_its_token_to_another_installation(instance: Instance) -> None:
    instance.start_api()
    other = instance.folder / "other"
    other.mkdir(mode=0o700)
    installation.write(other / "installation", installation.new_id())
    for name in ("worker.token", "admin.token"):
        (other / name).write_text("the-token-of-another-installation")
    worker = instance.start_worker(data_dir=str(other))
    (warning,) = wait_until(worker.warnings, "a warning of the worker")
    assert f"another installation of Waybill ({(instance.data / 'installation').read_text().strip()})" in warning
    assert "WAYBILL_PORT" in warning
    loaded = instance.manage("loaddata", "initial", data_dir=str(other), api_url=instance.url)
    assert loaded.returncode == 1
    (line,) = loaded.stderr.splitlines()
    assert "another installation of Waybill" in line
    assert worker.is_running, "it goes on trying"
