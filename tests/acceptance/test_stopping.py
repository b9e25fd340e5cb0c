"""A service that is asked to stop does so cleanly, and at once when it is asked twice."""

import contextlib
import os
import pty
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.acceptance.instance import Instance, wait_until
from throwaway.clone import ROOT

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
SOON = 20.0
"""Seconds, far less than what the tests make a service wait for."""


def alive_workers(instance: Instance) -> int:
    """Return how many workers the API knows to be alive."""
    return sum(worker["alive"] for worker in instance.get("/workers"))


@SIGNALS
def test_the_api_stops_cleanly_even_while_somebody_waits_for_an_answer(
    instance: Instance, number: signal.Signals
) -> None:
    api = instance.start_api()
    task_id = instance.create(60)
    with ThreadPoolExecutor(1) as clients:
        asked = clients.submit(requests.get, f"{instance.url}/tasks/{task_id}?wait=60", timeout=(5, 70))
        wait_until(asked.running, "a client that waits")
        instance.task(task_id)
        assert api.stop(number, SOON) == 0
        assert asked.exception(SOON) is not None or asked.result().status_code == 200
    assert "Traceback" not in api.read()


def test_whoever_has_connected_when_the_api_stops_is_answered(instance: Instance) -> None:
    api = instance.start_api()
    address = ("127.0.0.1", instance.port)
    with socket.create_connection(address, SOON) as accepted, contextlib.ExitStack() as waiting:
        wait_until(lambda: instance.get("/readyz"), "an API that has accepted the connection before")
        api.send(signal.SIGSTOP)
        connections = [accepted, *(waiting.enter_context(socket.create_connection(address, SOON)) for _ in range(20))]
        api.send(signal.SIGTERM)
        api.send(signal.SIGCONT)
        wait_until(lambda: "stopping" in api.read(), "an API that stops")
        for connection in connections:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert {connection.recv(1024)[:12] for connection in connections} == {b"HTTP/1.1 200"}
    assert api.ended() == 0


@SIGNALS
def test_a_worker_finishes_what_runs_before_it_stops(instance: Instance, number: signal.Signals) -> None:
    instance.start_api()
    worker = instance.start_worker(drain_seconds="60")
    task_ids = instance.create_many(5, processing_time=3)
    wait_until(lambda: instance.count(2) == 5, "five running tasks")
    assert worker.stop(number) == 0
    tasks = instance.tasks()
    assert {(tasks[task_id]["status"], tasks[task_id]["run"]) for task_id in task_ids} == {(3, 1)}
    assert "Traceback" not in worker.read()


def test_what_does_not_finish_in_time_is_released_without_counting_a_crash(instance: Instance) -> None:
    instance.start_api()
    worker = instance.start_worker(drain_seconds="1")
    task_id = instance.create(60)
    wait_until(lambda: instance.task(task_id)["status"] == 2, "a running task")
    assert worker.stop(seconds=SOON) == 0
    task = instance.task(task_id)
    assert (task["status"], task["attempt"], task["run"], task["crashes"]) == (2, 1, 2, 0)


def test_an_idle_worker_stops_cleanly(instance: Instance) -> None:
    instance.start_api()
    worker = instance.start_worker(drain_seconds="60")
    wait_until(lambda: alive_workers(instance) == 1, "a worker that beats")
    assert worker.stop(seconds=SOON) == 0
    assert alive_workers(instance) == 0


def test_a_worker_that_is_asked_twice_stops_at_once(instance: Instance) -> None:
    instance.start_api()
    worker = instance.start_worker(drain_seconds="600")
    task_id = instance.create(600)
    wait_until(lambda: instance.task(task_id)["status"] == 2, "a running task")

    def ended() -> bool:
        worker.send(signal.SIGTERM)
        return not worker.is_running

    wait_until(ended, "the end of the worker", SOON)


def test_a_worker_stops_though_the_api_is_down(instance: Instance) -> None:
    api = instance.start_api()
    worker = instance.start_worker(drain_seconds="1")
    task_id = instance.create(60)
    wait_until(lambda: instance.task(task_id)["status"] == 2, "a running task")
    api.kill()
    assert worker.stop(seconds=SOON) == 0
    instance.start_api()
    instance.start_worker()
    wait_until(lambda: instance.task(task_id)["run"] == 2, "another run")
    task = instance.task(task_id)
    assert (task["status"], task["attempt"], task["crashes"]) == (2, 1, 0), "it had stopped, it was not lost"


HONCHO = ("-m", "honcho", "--procfile", str(ROOT / "Procfile"), "start")
RUN = (str(ROOT / "manage.py"), "run")


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [(HONCHO, 130, "stopped (rc=0)"), (RUN, 0, "has stopped (exit code 0)")],
    ids=["honcho", "manage.py run"],
)
def test_both_services_start_together_and_one_interrupt_stops_both(
    instance: Instance, command: tuple[str, ...], code: int, said: str
) -> None:
    both = instance.start("both", sys.executable, *command)
    wait_until(lambda: instance.session.get(f"{instance.url}/readyz", timeout=5).ok, "an API that serves")
    task_id = instance.create(1)
    assert instance.ended([task_id])[task_id]["status"] == 3
    assert both.stop(signal.SIGINT) == code
    log = both.read()
    assert log.count(said) == 2, "neither was killed"
    assert "Traceback" not in log
    assert both.warnings() == [], "a healthy start and a healthy stop"


def test_a_service_that_dies_is_started_again(instance: Instance) -> None:
    both = instance.start("both", sys.executable, *RUN)
    wait_until(lambda: alive_workers(instance) == 1, "a worker that beats")
    os.kill(instance.get("/workers")[0]["pid"], signal.SIGKILL)
    task_id = instance.create(0)
    assert instance.ended([task_id])[task_id]["status"] == 3
    assert both.stop(signal.SIGTERM) == 0
    lines = both.read().splitlines()
    assert "waybill | worker has ended (Killed); it is started again in 1 s" in lines
    assert sum(line.startswith("worker | ") and line.endswith(" has ended: stopped") for line in lines) == 1
    assert any(line.startswith("api | ") for line in lines)


IN_A_TERMINAL = """
import fcntl, os, signal, sys, termios
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    # As a terminal's shell starts it, even if the tests run in the background, where these are ignored.
    signal.signal(number, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_a_terminal_that_is_closed_stops_both_services(instance: Instance) -> None:
    ours, theirs = pty.openpty()
    both = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, *RUN],
        env=instance.environment(),
        cwd=instance.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        wait_until(lambda: alive_workers(instance) == 1, "a worker that beats")
        worker = instance.get("/workers")[0]["pid"]
        os.close(ours)
        wait_until(lambda: both.poll() is not None, "the end of what the terminal started")
        wait_until(lambda: not os.path.exists(f"/proc/{worker}"), "the end of the worker")
        with pytest.raises(requests.ConnectionError):
            instance.get("/readyz")
    finally:
        both.kill()
        both.wait()
