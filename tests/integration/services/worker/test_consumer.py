"""The whole worker as a process: how it starts, runs and stops."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.client import Answer, ApiProblem
from shared.domain.status import Outcome
from shared.doorbell import ring_all
from shared.queue import Message, Queue
from shared.spool import Spool
from tests.integration.services.worker.http_api import HttpApi
from tests.unit.services.worker.scripted import ScriptedApi, until

HANGING = """
import sys, threading
from services.worker import consumer, watchdog
consumer.installed_handlers = lambda named: {"sleep": lambda context, task_input: threading.Event().wait()}
consumer.Watchdog.__init__.__defaults__ = (0.2, *consumer.Watchdog.__init__.__defaults__[1:])
from services.worker.__main__ import main
sys.exit(main())
"""

DYING = """
import sys
from services.worker import reporter
def die(self): raise SystemExit
reporter.Reporter.work = die
from services.worker.__main__ import main
sys.exit(main())
"""


class Bench:
    """A data directory, a scripted API, and a worker process between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.api = ScriptedApi()
        self.api.reply = self.grant
        self.http = HttpApi(self.api)
        self.queue = Queue(folder / "queue.db")
        self.processing_time = 0
        self.timeout: int | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def grant(self, report: dict[str, Any]) -> Answer:
        if report["status"] != 2:
            return Answer(report["task_id"], Outcome.APPLIED)
        task = {"name": "n", "attempt": 1, "handler": "sleep", "processing_time": self.processing_time, "input": None}
        return Answer(report["task_id"], Outcome.APPLIED, task | {"timeout": self.timeout})

    def start(self, *arguments: str, **settings: str) -> None:
        own = {"data_dir": str(self.folder), "port": str(self.http.port), "worker_slots": "8", "drain_seconds": "10"}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
        environment |= {f"WAYBILL_{name.upper()}": value for name, value in (own | settings).items()}
        command = [sys.executable, *(arguments or ("-m", "services.worker"))]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log)

    def log(self) -> bytes:
        return (self.folder / "log").read_bytes()

    def send(self, *numbers: int) -> None:
        self.queue.send([("sleep", 0, Message(f"task-{number}", 1)) for number in numbers])
        ring_all(self.folder / "doorbells")

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self) -> int:
        assert self.process is not None
        return self.process.wait(60)

    def statuses(self) -> dict[str, int]:
        return {report["task_id"]: report["status"] for report in self.api.reports}

    def left(self) -> set[str]:
        return {path.suffix for folder in ("spool", "doorbells") for path in (self.folder / folder).iterdir()}

    def close(self) -> None:
        self.api.gate.set()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.queue.close()
        self.http.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_messages_are_run_and_reported(bench: Bench) -> None:
    bench.start()
    bench.send(*range(50))
    until(lambda: bench.statuses() == {f"task-{number}": 3 for number in range(50)})


def test_a_setting_without_sense_ends_it_with_status_2(bench: Bench) -> None:
    bench.start(worker_slots="many")
    assert bench.ended() == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
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
    until(lambda: b"takes nothing more" in bench.log())
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


def test_a_handler_that_hangs_after_its_timeout_ends_the_worker(bench: Bench) -> None:
    bench.timeout = 1
    bench.start("-c", HANGING, drain_seconds="0")
    bench.send(1)
    assert bench.ended() == 70
    assert [report["error"]["code"] for report in bench.api.reports if report["status"] == 4] == ["timeout"]


def test_a_worker_does_not_go_on_without_one_of_its_threads(bench: Bench) -> None:
    bench.start("-c", DYING, drain_seconds="0")
    assert bench.ended() == 70
