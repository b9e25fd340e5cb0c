"""An API without free descriptors goes on with those it has, and recovers as soon as there are some."""

import contextlib
import os
import resource
import signal
import socket
import sys
import time

import pytest

from tests.acceptance.instance import Instance, Service, wait_until

SOON = 20.0
FEW = 96


def connect(instance: Instance) -> socket.socket:
    return socket.create_connection(("127.0.0.1", instance.port), SOON)


def open_files(service: Service) -> int:
    return len(os.listdir(f"/proc/{service.pid}/fd"))


def busy_seconds(service: Service) -> float:
    """Return how much processor time a process has used."""
    with open(f"/proc/{service.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_more_connections_than_descriptors_end_nothing_and_keep_nobody_out(instance: Instance) -> None:
    api = instance.start_api("/bin/sh", "-c", f'ulimit -n {FEW}; exec "$@"', "sh")
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(instance)) for _ in range(3 * FEW)]
        for number, connection in enumerate(held):
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" if number % 2 else b"GET /he")
        task_ids = [instance.create(0) for _ in range(3)]
        assert set(task_ids) == instance.tasks().keys()
        assert open_files(api) < FEW
    assert api.is_running
    assert "Traceback" not in api.read()
    assert api.stop(signal.SIGTERM, SOON) == 0


def test_without_any_descriptor_the_api_rests_and_serves_as_soon_as_there_are_some(instance: Instance) -> None:
    api = instance.start_api()
    task_id = instance.create(60)
    soft, hard = resource.prlimit(api.pid, resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir(f"/proc/{api.pid}/fd")))
    # What lies above the limit stays open: the numbers below it are taken by connections that wait for something.
    resource.prlimit(api.pid, resource.RLIMIT_NOFILE, (min(highest, 64), hard))
    instance.session.close()
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            waiting = stack.enter_context(connect(instance))
            waiting.sendall(f"GET /tasks/{task_id}?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            # Else the API closes some before it has read their requests.
            time.sleep(0.01)
        wait_until(lambda: "no descriptors" in api.read(), "an API without descriptors")
        before = busy_seconds(api)
        time.sleep(2)
        assert busy_seconds(api) - before < 1, "it spins"
        assert api.is_running
        assert api.read().count("no descriptors") == 1
        resource.prlimit(api.pid, resource.RLIMIT_NOFILE, (soft, hard))
        late = instance.create(0)
        assert late in instance.tasks()
    wait_until(lambda: instance.get("/readyz"), "an API that is ready")
    assert "Traceback" not in api.read()
    assert api.stop(signal.SIGTERM, SOON) == 0


@pytest.mark.parametrize("service", ["api", "worker"])
def test_too_few_descriptors_are_told_in_one_line(instance: Instance, service: str) -> None:
    shell = ("/bin/sh", "-c", 'ulimit -n 20; exec "$@"', "sh")
    process = instance.start(service, *shell, sys.executable, "-m", f"waybill_{service}")
    assert process.ended() == 2
    assert process.read() == "this process may open 20 files, and needs 64: raise `ulimit -n`\n"


@pytest.mark.parametrize(
    "slow",
    [
        b"",
        b"GET /tasks HTTP/1.1\r\nHost: loc",
        b"POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    ],
)
def test_connections_that_never_ask_for_anything_keep_nobody_out(instance: Instance, slow: bytes) -> None:
    instance.start_api(connections="10")
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            connection = stack.enter_context(connect(instance))
            with contextlib.suppress(OSError):
                connection.sendall(slow)
            time.sleep(0.01)
        assert instance.create(0) in instance.tasks()
