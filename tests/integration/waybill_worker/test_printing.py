"""What handlers print and log is kept with their runs, and bounded however much it is."""

from tests.integration.waybill_worker.bench import Bench
from tests.unit.waybill_worker.scripted import until
from waybill_worker.process.printed import CAP

HANDLERS = """
import logging
import os
import sys
import threading
import warnings

LINE = "x" * 999


def write_lines(context, given):
    for _ in range(10_000):
        print(LINE)


def write_one_line(context, given):
    print("x" * 10_000_000, file=sys.stderr)


def write_bytes(context, given):
    sys.stdout.buffer.write(b"x" * 10_000_000)


def log_lines(context, given):
    logger = logging.getLogger("theirs")
    for _ in range(10_000):
        logger.warning(LINE)


def log_one_line(context, given):
    logging.getLogger("theirs").error("x" * 10_000_000)


def warn(context, given):
    warnings.warn("x" * 10_000_000)


def write_in_thread(context, given):
    thread = threading.Thread(target=write_lines, args=(None, None))
    thread.start()
    thread.join()


def fail(context, given):
    raise ValueError("x" * 5_000_000)


def say(context, given):
    print("from", given, end=" ")
    context.sleep(0.01)
    print("to", given)
    logging.getLogger("theirs").warning("of %s", given)
    print("no end of", given, end="")


def watch(context, given):
    print("it has begun")
    context.sleep(60)
    print("it has gone on")


def fall(context, given):
    print("before the fall")
    os.write(2, b"of C code\\n")
    os.kill(os.getpid(), 9)
"""


def test_what_is_printed_logged_and_raised_is_bounded(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start()
    ways = ("write_lines", "write_one_line", "write_bytes", "log_lines", "log_one_line", "warn", "write_in_thread")
    for way in ways:
        assert bench.run(way)["status"] == 3, way
    assert len(bench.run("fail")["error"]["message"]) <= 2_000
    for way in ways[:-1]:
        until(lambda way=way: any(task_id.startswith(f"{way}-") for task_id in bench.api.logs))  # type: ignore[misc]
    logs = {task_id.partition("-")[0]: log for task_id, log in bench.api.logs.items()}
    assert {way: (log["cut"], len(log["text"]) > 8_000) for way, log in logs.items()} == {
        way: (True, True) if way != "log_one_line" and way != "warn" else (False, True) for way in ways[:-1]
    }
    assert len(bench.log()) < (len(ways) + 1) * (CAP + 20_000)
    assert bench.log().count(b"bytes is left out") == 5


def test_what_a_run_prints_is_sent_as_its_own(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start()
    tasks = {bench.order("say", input=f"the {number}th"): f"the {number}th" for number in range(20)}
    for task_id, who in tasks.items():
        bench.end(task_id)
        until(lambda task_id=task_id: task_id in bench.api.logs)  # type: ignore[misc]
        log = bench.api.logs[task_id]
        first, logged, last = log["text"].split("\n")
        assert (first, last) == (f"from {who} to {who}", f"no end of {who}")
        assert logged.endswith(f"Z WARNING theirs of {who}")
        assert (log["run"], log["cut"]) == (1, False)
    watched = bench.order("watch")
    until(lambda: watched in bench.api.logs)
    assert bench.api.logs[watched]["text"] == "it has begun\n", "it runs still"
    crashed = bench.order("fall", isolate=True)
    assert bench.end(crashed)["error"]["code"] == "worker_lost"
    until(lambda: crashed in bench.api.logs)
    assert sorted(bench.api.logs[crashed]["text"].splitlines()) == ["before the fall", "of C code"]
    assert sorted(bench.end(crashed)["error"]["detail"].splitlines()) == ["before the fall", "of C code"]
    failed = bench.order("fail", isolate=True)
    assert bench.end(failed)["error"]["detail"].endswith("x\n")
    until(lambda: f"WARNING waybill_worker.isolation.isolation Task {failed} failed" in bench.log().decode())
    assert failed not in bench.api.logs, "it has printed nothing itself"
