"""A worker ends within seconds, with all processes that its handlers have started."""

import signal
import subprocess

import pytest

from tests.integration.waybill_worker.bench import NO_PROC, Bench, alive
from tests.unit.waybill_worker.scripted import until

HANDLERS = """
import atexit
import multiprocessing
import signal
import subprocess
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

LONG = 600
KEPT = []


def thread_pool(context, given):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, LONG).result()


def leave_threads(context, given):
    KEPT.append(ThreadPoolExecutor(1))
    KEPT[-1].submit(time.sleep, LONG)
    threading.Thread(target=time.sleep, args=(LONG,)).start()


def leave_hooks(context, given):
    atexit.register(time.sleep, LONG)
    threading._register_atexit(time.sleep, LONG)


def _stubborn():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(LONG)


def leave_children(context, method):
    ways = multiprocessing.get_context(method)
    children = [ways.Process(target=time.sleep, args=(LONG,)), ways.Process(target=_stubborn)]
    for child in children:
        child.start()
    KEPT.append(ProcessPoolExecutor(1, mp_context=ways))
    KEPT[-1].submit(time.sleep, LONG)
    shell = subprocess.Popen(["sh", "-c", f"sleep {LONG} & wait"], start_new_session=True)
    return [shell.pid, *(child.pid for child in children)]
"""


PATIENT = """
from waybill_worker import __main__ as worker
worker.ENDING_SECONDS = 600
worker.leave(worker.main())
"""


def gone(bench: Bench) -> int:
    """Wait far less long than what the handlers have left goes on, and return the exit status."""
    assert bench.process is not None
    try:
        return bench.process.wait(30)
    except subprocess.TimeoutExpired:
        pytest.fail("the worker did not end")


def test_threads_executors_and_exit_hooks_hold_up_no_end(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start("-c", PATIENT, drain_seconds="0")
    for handler in ("leave_threads", "leave_hooks"):
        assert bench.run(handler)["status"] == 3
    task_id = bench.order("thread_pool")
    until(lambda: bench.statuses().get(task_id) == 2)
    bench.signal(signal.SIGTERM)
    assert gone(bench) == 0
    assert [crashed for _, crashed in bench.api.farewells] == [False]
    assert b"has ended: stopped" in bench.log()


@NO_PROC
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_what_handlers_have_started_ends_with_the_worker(bench: Bench, method: str) -> None:
    bench.install(HANDLERS)
    bench.start(drain_seconds="0")
    pids = bench.run("leave_children", input=method)["result"]
    assert all(map(alive, pids))
    bench.signal(signal.SIGTERM)
    assert gone(bench) == 0
    assert not any(map(alive, pids))


@NO_PROC
def test_at_a_second_signal_they_end_too(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start(drain_seconds="600")
    task_id = bench.order("thread_pool")
    pids = bench.run("leave_children", input="fork")["result"]
    until(lambda: bench.statuses().get(task_id) == 2)
    bench.signal(signal.SIGTERM)
    until(lambda: b"takes no more tasks" in bench.log())
    bench.signal(signal.SIGTERM)
    assert gone(bench) == 143
    assert not any(map(alive, pids))
