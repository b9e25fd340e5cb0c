"""A handler that signals its own worker fails alone."""

import signal

from tests.integration.waybill_worker.bench import Bench
from tests.unit.waybill_worker.scripted import until

HANDLERS = """
import _thread
import os
import signal
import threading


def kill(context, number):
    os.kill(os.getpid(), number)


def kill_group(context, number):
    os.killpg(os.getpgrp(), number)


def kill_own_group(context, number):
    os.kill(0, number)


def raise_signal(context, number):
    signal.raise_signal(number)


def kill_thread(context, number):
    signal.pthread_kill(threading.main_thread().ident, number)


def interrupt(context, number):
    _thread.interrupt_main(number)


def kill_from_child(context, number):
    child = os.fork()
    if not child:
        os.kill(os.getppid(), number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def allowed(context, number):
    os.kill(os.getpid(), 0)
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.killpg(0, number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def wait(context, given):
    context.sleep(600)
"""

WAYS = ("kill", "kill_group", "kill_own_group", "raise_signal", "kill_thread", "interrupt")


def test_the_worker_and_the_tasks_beside_it_go_on(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start()
    beside = bench.order("wait")
    until(lambda: bench.statuses().get(beside) == 2)
    for number in (signal.SIGTERM, signal.SIGINT):
        for way in WAYS:
            error = bench.run(way, input=int(number))["error"]
            assert error["code"] == "failed"
            assert f"may not stop its worker by {number.name}" in error["message"]
        assert bench.run("kill_from_child", input=int(number))["result"] == 1
    assert bench.run("allowed", input=int(signal.SIGTERM))["result"] == -signal.SIGTERM
    assert bench.statuses()[beside] == 2
    assert b"takes no more tasks" not in bench.log()
