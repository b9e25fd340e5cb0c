"""A worker that lacks a resource names it in one line, and treats no healthy file as damaged."""

import shutil
import signal

import pytest

from tests.integration.waybill_worker.bench import Bench
from tests.unit.waybill_worker.scripted import until
from waybill.delivery.spool import Spool

LEAKING = """
from threading import Event
leaked = []
def leak(context, task_input):
    while True:
        try:
            leaked.append(open("/dev/null"))
        except OSError:
            Event().wait(1)
            return len(leaked)
def nap(context, task_input):
    context.sleep(2)
"""

FEW_DESCRIPTORS = """
import resource, sys
from waybill_worker.__main__ import main
resource.setrlimit(resource.RLIMIT_NOFILE, (96, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
sys.exit(main())
"""

FEW_THREADS = """
import sys, threading
from waybill_worker.__main__ import main
start, started = threading.Thread.start, []
def limited(self):
    if len(started) >= 20:
        raise RuntimeError("can't start new thread")
    started.append(self)
    start(self)
threading.Thread.start = limited
sys.exit(main())
"""


def lines(bench: Bench) -> list[str]:
    """Return what was logged, but for what is said of handlers that happen to be installed."""
    return [line for line in bench.log().decode().splitlines() if " waybill_worker.handlers." not in line]


def test_a_handler_that_leaks_descriptors_ends_its_worker_and_harms_nothing_else(bench: Bench) -> None:
    bench.install(LEAKING)
    bench.start("-c", FEW_DESCRIPTORS)
    napping = bench.order("nap")
    until(lambda: bench.statuses().get(napping) == 2)
    bench.order("leak")
    assert bench.ended() == 71
    assert bench.end(napping)["status"] == 3
    assert len([line for line in lines(bench) if "No descriptor is left" in line]) == 1
    assert b"Traceback" not in bench.log()
    assert list(bench.folder.glob("*.corrupt-*")) == []
    assert list((bench.folder / "spool").glob("damaged/*")) == []


def test_a_spool_directory_that_is_removed_is_made_again_and_keeps_what_the_api_has_not_heard(bench: Bench) -> None:
    bench.processing_time = 2
    bench.start()
    bench.send(1)
    until(lambda: bench.statuses() == {"task-1": 2})
    bench.api.is_down = True
    shutil.rmtree(bench.folder / "spool")
    until(lambda: list((bench.folder / "spool").glob("*.lock")))
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0
    assert b"Traceback" not in bench.log()
    (path,) = (bench.folder / "spool").glob("*.db")
    spool = Spool(path)
    assert [(parcel.task_id, parcel.is_final) for parcel in spool.first(10)] == [("task-1", True)]
    spool.close()


def test_too_few_threads_are_told_in_one_line_that_names_the_setting(bench: Bench) -> None:
    bench.start("-c", FEW_THREADS, worker_slots="200")
    assert bench.ended() == 1
    (line,) = lines(bench)
    assert line.startswith("a worker with WAYBILL_WORKER_SLOTS=200 needs as many threads, and there are not so many")
    assert bench.left() == set()


@pytest.mark.parametrize("name", ["spool", "doorbells"])
def test_a_directory_that_cannot_be_made_is_told_in_one_line(bench: Bench, name: str) -> None:
    (bench.folder / name).write_bytes(b"")
    bench.start()
    assert bench.ended() == 2
    (line,) = lines(bench)
    assert line.startswith(f"a worker cannot start in {bench.folder}: ")
    assert str(bench.folder / name) in line


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("QueueUnavailable('database or disk is full')", 1, "a worker cannot start in {}: database or disk is full"),
        ("QueueUnusable('its driver is not installed')", 2, "its driver is not installed"),
    ],
)
def test_a_queue_that_cannot_be_opened_is_told_in_one_line(bench: Bench, error: str, status: int, said: str) -> None:
    program = (
        "import sys; from waybill.queue.errors import QueueUnavailable, QueueUnusable\n"
        "from waybill_worker import outside, __main__ as entrance\n"
        f"def fail(url): raise {error}\n"
        "sys.exit(entrance.main(outside=outside.Outside(open_queue=fail)))"
    )
    bench.start("-c", program)
    assert bench.ended() == status
    assert lines(bench) == [said.format(bench.folder)]
