"""Suspects wait for a place without delaying other runs, and the end of their process is reported once."""

import json
import signal
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from tests.unit.waybill_worker.scripted import until
from waybill.delivery.spool import Parcel
from waybill.host.world import World
from waybill.queue.message import Message
from waybill_worker.isolation.isolation import GRACE_SECONDS, LAST_SECONDS, PATIENCE_SECONDS, Isolation
from waybill_worker.isolation.output import CAP, LONGEST_LINE, Output
from waybill_worker.runs.runs import Run
from waybill_worker.runs.slots import Slots


class Child:
    """A process that says what a test puts."""

    def __init__(self, how: str = "exit code 9") -> None:
        self.says: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self.how = how
        self.is_told = False
        self.signals: list[signal.Signals] = []

    def hear(self, seconds: float) -> list[dict[str, Any]] | None:
        try:
            message = self.says.get(timeout=0.002)
        except Empty:
            return []
        return None if message is None else [message]

    def stop(self) -> None:
        self.is_told = True

    def send(self, number: signal.Signals) -> None:
        self.signals.append(number)
        if number is signal.SIGKILL:
            self.says.put(None)

    def end(self) -> str:
        return self.how

    def finish(self, **said: Any) -> None:
        self.says.put({"report": json.dumps(said), "is_final": True})


class Bench:
    """An isolation of two places, with five slots taken."""

    def __init__(self) -> None:
        self.now = 100.0
        self.children: dict[str, Child] = {}
        self.beside: list[str] = []
        self.left: list[str] = []
        self.reports: list[dict[str, Any]] = []
        self.failures: list[OSError] = []
        self.rooms: list[int] = []
        self.slots = Slots(5, lambda: None)
        self.slots.take(5)
        self.isolation = Isolation(
            2,
            self._launch,
            lambda run: self.beside.append(run.task_id),
            self._put,
            lambda run: self.left.append(run.task_id),
            self.slots,
            World(monotonic=lambda: self.now),
            lambda: self.rooms.append(self.isolation.room),
        )
        self.thread = threading.Thread(target=self.isolation.work)
        self.thread.start()

    def admit(self, task_id: str, /, *, is_apart: bool = False, **task: Any) -> Run:
        run = Run(Message(task_id, 1), "claim", "w-1", self.now)
        run.begin({"attempt": 1, "isolate": True, "crashes": 0, "losses": 0, "failures": 0, **task}, self.now)
        self.isolation.admit(run, is_apart=is_apart)
        return run

    def fill(self) -> None:
        """Take both places."""
        for task_id in "ab":
            self.admit(task_id, crashes=1)

    def wait(self, seconds: float) -> None:
        """Let time pass, and the isolation see it."""
        self.now += seconds
        with self.isolation._changed:
            self.isolation._changed.notify_all()

    def child(self, task_id: str) -> Child:
        until(lambda: task_id in self.children)
        return self.children[task_id]

    def _launch(self, run: Run) -> Child:
        if self.failures:
            raise self.failures.pop()
        self.children[run.task_id] = Child()
        return self.children[run.task_id]

    def _put(self, parcel: Parcel) -> None:
        self.reports.append(json.loads(parcel.text))


@pytest.fixture
def bench() -> Any:
    bench = Bench()
    yield bench
    for child in bench.children.values():
        child.says.put(None)
    bench.isolation.close()
    bench.thread.join(10)


def test_a_suspect_gives_its_slot_back_when_it_gets_a_place(bench: Bench) -> None:
    bench.admit("a")
    child = bench.child("a")
    until(lambda: bench.slots.free == 1)
    child.says.put({"begun": True})
    child.finish(status=3, result=7)
    until(lambda: bench.left == ["a"])
    (end,) = bench.reports
    assert (end["result"], end["claim"], end["seq"]) == (7, "claim", 1)
    assert bench.isolation.wait_idle(10)


def test_who_waits_gets_the_next_place_in_turn(bench: Bench) -> None:
    for task_id in "abc":
        bench.admit(task_id, crashes=1)
    bench.child("a")
    bench.child("b").finish(status=3, result=None)
    bench.child("c")
    assert len(bench.isolation.executing()) == 2


@pytest.mark.parametrize("against", [{"losses": 1}, {"failures": 1}])
def test_what_is_most_likely_innocent_does_not_wait_long(bench: Bench, against: dict[str, Any]) -> None:
    bench.fill()
    run = bench.admit("c", **against)
    until(lambda: bench.slots.free == 2)
    assert bench.beside == []
    assert run.elapsed(bench.now + 60) == 0.0, "waiting is no time that its handler takes"
    bench.wait(PATIENCE_SECONDS)
    until(lambda: bench.beside == ["c"])
    assert bench.slots.free == 2, "it runs in the slot that it had"
    assert run.elapsed(bench.now + 1) == 1.0


@pytest.mark.parametrize("against", [{"crashes": 1}, {"losses": 2}, {"failures": 2}])
def test_any_other_suspect_waits_on_without_a_slot(bench: Bench, against: dict[str, Any]) -> None:
    bench.fill()
    bench.admit("c", **against)
    until(lambda: bench.slots.free == 2)
    bench.wait(PATIENCE_SECONDS)
    until(lambda: bench.slots.free == 3)
    assert bench.beside == []
    bench.child("a").says.put(None)
    bench.child("c")
    assert bench.slots.free == 3, "it has given its slot back once"


def test_a_run_whose_handler_wants_a_process_waits_for_one_however_innocent_it_is(bench: Bench) -> None:
    bench.fill()
    bench.admit("c", is_apart=True)
    until(lambda: bench.slots.free == 2)
    bench.wait(PATIENCE_SECONDS)
    until(lambda: bench.slots.free == 3)
    assert bench.beside == []
    bench.child("a").says.put(None)
    bench.child("c")


def test_how_many_more_would_find_a_place_is_known(bench: Bench) -> None:
    assert bench.isolation.room == 2
    bench.fill()
    until(lambda: len(bench.children) == 2)
    assert bench.isolation.room == 0
    bench.admit("c")
    assert bench.isolation.room == 0
    bench.child("a").finish(status=3, result=None)
    bench.child("c").finish(status=3, result=None)
    bench.child("b").finish(status=3, result=None)
    until(lambda: len(bench.rooms) == 3)
    assert bench.isolation.room == 2


def test_a_process_that_ends_without_a_last_report_has_crashed(bench: Bench) -> None:
    bench.admit("a")
    bench.child("a").says.put(None)
    until(lambda: bench.reports)
    (end,) = bench.reports
    assert (end["status"], end["error"]) == (4, {"code": "worker_lost", "message": "exit code 9"})


@pytest.mark.parametrize("message", [{}, {"report": "no JSON", "is_final": True}, {"report": 7, "is_final": False}])
def test_one_that_says_what_makes_no_sense_has_crashed_too(bench: Bench, message: dict[str, Any]) -> None:
    bench.admit("a")
    bench.child("a").says.put(message)
    until(lambda: bench.reports)
    assert bench.reports[0]["error"]["code"] == "worker_lost"


def test_a_run_that_is_lost_is_told_then_asked_and_then_killed_and_reports_nothing(bench: Bench) -> None:
    run = bench.admit("a")
    child = bench.child("a")
    run.lose()
    until(lambda: child.is_told)
    assert child.signals == []
    bench.now += GRACE_SECONDS
    until(lambda: child.signals == [signal.SIGTERM])
    bench.now += LAST_SECONDS
    until(lambda: child.signals == [signal.SIGTERM, signal.SIGKILL])
    until(lambda: bench.left == ["a"])
    assert bench.reports == []


def test_one_that_was_lost_while_it_waited_never_gets_a_process(bench: Bench) -> None:
    bench.fill()
    until(lambda: len(bench.children) == 2)
    bench.admit("c", crashes=1).lose()
    bench.wait(0)
    until(lambda: bench.left == ["c"])
    assert bench.slots.free == 3
    assert "c" not in bench.children


def test_where_no_process_can_be_had_it_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waybill_worker.isolation.isolation.RETRY_SECONDS", 0.01)
    bench.failures = [OSError("no more of them"), OSError("no more of them")]
    bench.admit("a")
    bench.child("a").finish(status=3, result=None)
    until(lambda: bench.left == ["a"])


def test_the_end_of_the_worker_ends_every_process_and_reports_none_as_crashed(bench: Bench) -> None:
    for task_id in "abc":
        bench.admit(task_id, crashes=1)
    children = [bench.child("a"), bench.child("b")]
    closing = threading.Thread(target=bench.isolation.close)
    closing.start()
    until(lambda: all(child.signals == [signal.SIGTERM] for child in children))
    bench.now += LAST_SECONDS
    closing.join(10)
    assert [child.signals[-1] for child in children] == [signal.SIGKILL] * 2
    assert bench.reports == []
    assert bench.isolation.wait_idle(0)


def test_what_is_printed_is_passed_on_by_lines_and_bounded() -> None:
    written: list[str] = []
    output = Output("a", written.append)
    take: Callable[[bytes], None] = output.take
    take(b"one\ntw")
    take(b"o\n\xff")
    output.close()
    assert written == ["one\n", "two\n", "\\xff\n"]
    written.clear()
    take(b"x" * (LONGEST_LINE + 1))
    assert [len(line) for line in written] == [LONGEST_LINE + 2]
    take(b"y\n" * CAP)
    take(b"z\n")
    assert written[-1].startswith("(what task a prints")
    assert not any("z" in line for line in written[1:-1])
