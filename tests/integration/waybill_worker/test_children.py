"""Child processes of handlers behave as in any other program, and never outlive a killed worker."""

import signal

import pytest

from tests.integration.waybill_worker.bench import NO_PROC, Bench, alive
from tests.unit.waybill_worker.scripted import until

HANDLERS = """
import multiprocessing
import os
import signal
import subprocess
import threading
import time

LONG = 600
FORK = multiprocessing.get_context("fork")


def pool(context, given):
    with FORK.Pool(2) as workers:
        return workers.map(abs, [-1, -2])


def terminate(context, given):
    child = FORK.Process(target=time.sleep, args=(LONG,))
    child.start()
    child.terminate()
    child.join()
    return child.exitcode


def at_once(context, given):
    ends = set()
    for _ in range(50):
        child = os.fork()
        if not child:
            time.sleep(LONG)
        os.kill(child, signal.SIGTERM)
        ends.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return list(ends)


def interrupt(context, given):
    child = FORK.Process(target=time.sleep, args=(LONG,))
    child.start()
    time.sleep(0.5)
    os.kill(child.pid, signal.SIGINT)
    child.join()
    return child.exitcode


def hang_up(context, given):
    child = os.fork()
    if not child:
        time.sleep(LONG)
    os.kill(child, signal.SIGHUP)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def block_signals(context, given):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})


def programs(context, given):
    child = subprocess.Popen(["sleep", str(LONG)])
    child.terminate()
    return child.wait()


def come_back(context, how):
    child = os.fork()
    if not child:
        if how == "raise":
            raise RuntimeError("in the child")
        if how == "exit":
            raise SystemExit(3)
        return "from the child"
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def outlive(context, given):
    child = os.fork()
    if not child:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(LONG)
    context.metadata(pid=child)
    context.sleep(LONG)


def grandchild(context, given):
    out, into = os.pipe()
    child = os.fork()
    if not child:
        if not os.fork():
            time.sleep(0.5)
            os.write(into, b"lives")
        os._exit(0)
    os.waitpid(child, 0)
    os.close(into)
    return os.read(out, 10).decode()


def report_from_child(context, given):
    child = os.fork()
    if not child:
        context.progress(0.5)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def leave_program(context, given):
    child = subprocess.Popen(["sh", "-c", f"trap '' TERM; sleep {LONG} & wait"], start_new_session=True)
    context.metadata(pid=child.pid)
    context.sleep(LONG)


def short_thread(context, given):
    children = []

    def start():
        children.append(FORK.Process(target=time.sleep, args=(0.5,)))
        children[0].start()

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    children[0].join()
    return children[0].exitcode
"""


def test_children_end_when_they_are_told_to_and_no_sooner(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start()
    expected = {"pool": [1, 2], "terminate": -15, "interrupt": 1, "hang_up": -1, "programs": -15}
    expected |= {"at_once": [-15], "short_thread": 0, "grandchild": "lives"}
    assert {name: bench.run(name).get("result") for name in expected} == expected


def test_signals_that_a_handler_blocks_are_not_blocked_for_the_next_one(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start(worker_slots="1")
    assert bench.run("block_signals")["status"] == 3
    assert bench.run("terminate")["result"] == -15
    assert bench.run("programs")["result"] == -15


@pytest.mark.parametrize(("how", "status"), [("return", 0), ("raise", 1), ("exit", 3)])
def test_a_forked_copy_of_a_handler_ends_where_the_handler_ends(bench: Bench, how: str, status: int) -> None:
    bench.install(HANDLERS)
    bench.start()
    assert bench.run("come_back", input=how)["result"] == status


def said(bench: Bench) -> list[int]:
    """Return the ids of processes that handlers have reported."""
    return [report["metadata"]["pid"] for report in bench.api.reports if "metadata" in report]


def test_a_child_that_reports_is_told_that_nobody_hears_it(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start()
    assert bench.run("report_from_child")["result"] == 1
    until(lambda: b"a process that a handler starts cannot report" in bench.log())


@NO_PROC
def test_the_next_worker_ends_the_programs_of_one_that_was_killed_before_their_tasks_run_again(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start()
    bench.order("leave_program")
    until(lambda: said(bench))
    bench.signal(signal.SIGKILL)
    bench.ended()
    assert all(map(alive, said(bench)))
    bench.start()
    until(lambda: bench.api.farewells)
    assert not any(map(alive, said(bench)))


@NO_PROC
def test_forked_children_do_not_outlive_a_worker_that_is_killed(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start()
    bench.order("outlive")
    until(lambda: said(bench))
    bench.signal(signal.SIGKILL)
    bench.ended()
    until(lambda: not any(map(alive, said(bench))))
