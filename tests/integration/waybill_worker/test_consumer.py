"""The whole worker as a process: how it starts, runs and stops."""

import signal

import pytest

from tests.integration.waybill_worker.bench import Bench
from tests.unit.waybill_worker.scripted import until
from waybill.api_error import ApiProblem
from waybill.delivery.spool import Spool

HANGING = """
import threading
from waybill_worker import consumer
from waybill_worker.runs import watchdog
def sleep(context, given):
    threading.Event().wait() if given == "hang" else context.sleep(given)
watchdog.MOST_HUNG = 1
consumer.Watchdog.__init__.__defaults__ = (0.2, *consumer.Watchdog.__init__.__defaults__[1:])
from waybill_worker.__main__ import main
from waybill_worker.handlers.catalogue import Catalogue
from waybill_worker.outside import Outside
from waybill_worker.process.ending import leave
leave(main(outside=Outside(handlers=lambda sources, named: Catalogue({"sleep": sleep}))))
"""

DYING = """
from waybill_worker import run_reporter
def die(self): raise SystemExit
run_reporter.RunReporter.work = die
from waybill_worker.__main__ import main
from waybill_worker.process.ending import leave
leave(main())
"""


def test_messages_are_run_and_reported(bench: Bench) -> None:
    bench.start()
    bench.send(*range(50))
    until(lambda: bench.statuses() == {f"task-{number}": 3 for number in range(50)})


def test_a_setting_without_sense_ends_it_with_status_2(bench: Bench) -> None:
    bench.start(worker_slots="many")
    assert bench.ended() == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_lets_runs_end_and_leaves_nothing(bench: Bench, number: signal.Signals) -> None:
    bench.processing_time = 1
    bench.start()
    bench.send(1)
    until(lambda: bench.statuses() == {"task-1": 2})
    bench.signal(number)
    assert bench.ended() == 0
    assert bench.statuses() == {"task-1": 3}
    assert [crashed for _, crashed in bench.api.farewells] == [False]
    assert bench.left() == set()


IGNORING = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-m", "waybill_worker"])
"""


def test_signals_that_whoever_started_it_has_ignored_do_not_stop_it(bench: Bench) -> None:
    bench.start("-c", IGNORING)
    bench.send(1)
    until(lambda: bench.statuses() == {"task-1": 3})
    bench.signal(signal.SIGHUP)
    bench.signal(signal.SIGINT)
    bench.send(2)
    until(lambda: bench.statuses() == {"task-1": 3, "task-2": 3})
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0


def test_what_does_not_end_in_time_is_released_without_a_report(bench: Bench) -> None:
    bench.processing_time = 60
    bench.start(drain_seconds="0")
    bench.send(1)
    until(lambda: bench.statuses() == {"task-1": 2})
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0
    assert bench.statuses() == {"task-1": 2}
    assert [crashed for _, crashed in bench.api.farewells] == [False]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_it_at_once(bench: Bench, number: signal.Signals, code: int) -> None:
    bench.processing_time = 60
    bench.start(drain_seconds="60")
    bench.send(1)
    until(lambda: bench.statuses() == {"task-1": 2})
    bench.signal(signal.SIGHUP)
    # Signals that wait together arrive in no certain order, so the first must have been taken before the second.
    until(lambda: b"takes no more tasks" in bench.log())
    bench.signal(number)
    assert bench.ended() == code
    assert bench.api.farewells == []


def test_when_it_stops_without_the_api_another_worker_finishes_and_counts_no_crash(bench: Bench) -> None:
    bench.processing_time = 1
    bench.start()
    bench.send(1)
    until(lambda: bench.statuses() == {"task-1": 2})
    bench.api.is_down = True
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0
    assert bench.left() == {".db", ".lock"}
    (path,) = (bench.folder / "spool").glob("*.db")
    spool = Spool(path)
    assert [(parcel.task_id, parcel.is_final) for parcel in spool.first(10)] == [("task-1", True)]
    assert spool.was_stopped
    spool.close()
    bench.api.is_down = False
    bench.start()
    until(lambda: bench.statuses() == {"task-1": 3})
    until(lambda: bench.api.farewells == [(path.stem, False)])
    until(lambda: ".db" not in bench.left())


def test_after_a_kill_the_next_worker_says_who_is_gone(bench: Bench) -> None:
    bench.processing_time = 60
    bench.start()
    bench.send(1)
    until(lambda: bench.statuses() == {"task-1": 2})
    bench.signal(signal.SIGKILL)
    bench.ended()
    source = bench.api.reports[0]["source"]
    bench.start()
    until(lambda: bench.api.farewells == [(source, True)])


def test_it_waits_for_an_api_that_is_not_there_yet(bench: Bench) -> None:
    bench.api.is_down = True
    bench.start()
    bench.send(1)
    until(lambda: list((bench.folder / "spool").glob("*.lock")))
    bench.api.is_down = False
    until(lambda: bench.statuses() == {"task-1": 3})


def test_a_worker_that_was_declared_gone_ends_for_its_supervisor(bench: Bench) -> None:
    bench.api.failures = [ApiProblem(409, "worker_gone", {})] * 10
    bench.start()
    assert bench.ended() == 75


def test_a_handler_that_hangs_costs_a_thread_and_too_many_let_healthy_runs_end_first(bench: Bench) -> None:
    bench.start("-c", HANGING, drain_seconds="0", worker_slots="2")
    hung = [bench.order("sleep", input="hang", timeout=1)]
    assert bench.end(hung[0])["error"]["code"] == "timeout"
    several = [bench.order("sleep", input=0.5) for _ in range(4)]
    assert {bench.end(task_id)["status"] for task_id in several} == {3}, "its slot is there for others"
    until(lambda: b"is abandoned" in bench.log())
    healthy = bench.order("sleep", input=4)
    until(lambda: healthy in bench.statuses())
    hung.append(bench.order("sleep", input="hang", timeout=1))
    until(lambda: b"retires" in bench.log())
    late = bench.order("sleep", input=0)
    assert bench.ended() == 70
    assert bench.statuses() == dict.fromkeys(several, 3) | dict.fromkeys(hung, 4) | {healthy: 3}
    assert late not in bench.statuses()
    assert [crashed for _, crashed in bench.api.farewells] == [False]


def test_a_worker_does_not_go_on_without_one_of_its_threads(bench: Bench) -> None:
    bench.start("-c", DYING, drain_seconds="0")
    assert bench.ended() == 70


FULL_DISK = """
import sqlite3, sys
from waybill_worker.__main__ import main
from waybill.delivery.spool import Spool

def fails(self):
    raise sqlite3.OperationalError("database or disk is full")

Spool.mark_stopped = fails
sys.exit(main())
"""


def test_a_stop_that_a_full_disk_cannot_note_is_a_stop_all_the_same(bench: Bench) -> None:
    bench.start("-c", FULL_DISK)
    until(lambda: bench.api.beats)
    bench.api.is_down = True
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0
    assert b"cannot be noted: database or disk is full" in bench.log()
    assert b"Traceback" not in bench.log()
