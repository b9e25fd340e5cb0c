"""What a process has to say arrives in order per task, within bounded memory, whatever becomes of the API."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.spools import dead_letters, kept
from tests.unit.waybill_worker.scripted import ScriptedApi, until
from waybill.client.calls import Answer
from waybill.delivery import deferral, delivery, memory
from waybill.delivery.courier import Courier
from waybill.delivery.delivery import Closed, Delivery, Full
from waybill.delivery.outage import Outage
from waybill.delivery.spool import Parcel, Spool
from waybill.delivery.verdict import Verdict
from waybill.domain.status import Outcome


def judge(parcel: Parcel, answer: Answer) -> Verdict:
    if answer.outcome is Outcome.UNKNOWN:
        return Verdict.LATER
    return Verdict.DONE if answer.outcome.is_acknowledged else Verdict.SET_ASIDE


class Bench:
    """A delivery on an API that knows every task but those in `missing`."""

    def __init__(self, folder: Path, patience: float = 60.0) -> None:
        self.api = ScriptedApi()
        self.missing: set[str] = set()
        self.api.reply = self.reply
        self.spool = Spool(folder / "r.db")
        self.delivery = Delivery(Courier(self.api), self.spool, judge, Outage("here"), patience=patience)
        self.thread = threading.Thread(target=self.delivery.work)
        self.applied: list[tuple[str, int]] = []

    def reply(self, report: dict[str, Any]) -> Answer:
        if report["task_id"] in self.missing:
            return Answer(report["task_id"], Outcome.UNKNOWN)
        self.applied.append((report["task_id"], report["seq"]))
        return Answer(report["task_id"], Outcome.INVALID if report.get("bad") else Outcome.APPLIED)

    def put(self, task_id: str, seq: int, patience: float | None = 60.0, **more: Any) -> None:
        text = json.dumps({"task_id": task_id, "seq": seq, **more})
        self.delivery.put(Parcel(task_id, 0, False, text), patience=patience)

    def seqs(self, task_id: str) -> list[int]:
        return [seq for one, seq in self.applied if one == task_id]

    def close(self, timeout: float) -> None:
        self.delivery.close(timeout)
        if self.thread.ident is not None:
            self.thread.join(60)
            assert not self.thread.is_alive()
        self.spool.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.api.gate.set()
    bench.close(0)


def in_memory(bench: Bench) -> int:
    return len(bench.delivery._memory)


def test_while_the_api_is_slow_memory_holds_no_more_than_its_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "ROOM", 20)
    monkeypatch.setattr(delivery, "BATCH", 5)
    highest = 0
    reply = bench.reply

    def looking(report: dict[str, Any]) -> Answer:
        nonlocal highest
        highest = max(highest, in_memory(bench))
        return reply(report)

    bench.api.reply = looking
    bench.thread.start()
    for seq in range(500):
        bench.put("a", seq)
    assert bench.delivery.flush(60)
    assert highest <= 20
    assert bench.seqs("a") == list(range(500))


def test_whoever_reports_waits_for_room_and_not_for_ever(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ROOM", 3)
    bench.api.gate.clear()
    bench.thread.start()
    for seq in range(3):
        bench.put("a", seq)
    with pytest.raises(Full):
        bench.put("a", 3, patience=0.01)
    waiting = threading.Thread(target=bench.put, args=("a", 3))
    waiting.start()
    bench.api.gate.set()
    waiting.join(60)
    assert not waiting.is_alive()
    assert bench.delivery.flush(60)
    assert bench.seqs("a") == [0, 1, 2, 3]


def test_large_reports_fill_the_room_sooner(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ROOM_CHARACTERS", 1_000)
    bench.put("a", 0, fill="x" * 1_000)
    with pytest.raises(Full):
        bench.put("a", 1, patience=0.01)
    bench.thread.start()
    bench.put("a", 1)


def test_a_spool_is_emptied_while_more_comes_than_a_request_carries(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request meets with twice as many new reports as it carries, so that they never stop gathering."""
    monkeypatch.setattr(delivery, "BATCH", 10)
    monkeypatch.setattr(memory, "ROOM", 50)
    bench.api.is_down = True
    bench.thread.start()
    for seq in range(300):
        bench.put("a", seq)
    until(lambda: len(kept(bench.spool.path)) == 300)
    emptied = threading.Event()

    def load() -> None:
        seq = 300
        while not emptied.is_set():
            bench.put("a", seq)
            seq += 1

    reply = bench.reply

    def looking(report: dict[str, Any]) -> Answer:
        if not bench.delivery._spooled:
            emptied.set()
        else:
            until(lambda: in_memory(bench) >= 20 or emptied.is_set())
        return reply(report)

    bench.api.reply = looking
    loading = threading.Thread(target=load)
    loading.start()
    bench.api.is_down = False
    assert emptied.wait(60)
    loading.join(60)
    assert bench.delivery.flush(60)
    assert bench.applied == [("a", seq) for seq in range(len(bench.applied))]


def test_a_report_on_an_unknown_task_waits_for_it_with_those_behind_it_and_nobody_else_does(bench: Bench) -> None:
    bench.missing = {"late", "later"}
    bench.thread.start()
    for seq in range(3):
        for task_id in ("late", "known", "later"):
            bench.put(task_id, seq)
    until(lambda: bench.seqs("known") == [0, 1, 2] and len(bench.delivery._deferral) == 2)
    for seq in range(3, 6):
        bench.put("late", seq)
        bench.put("known", seq)
    until(lambda: bench.seqs("known") == list(range(6)))
    bench.missing = {"later"}
    until(lambda: bench.seqs("late") == list(range(6)))
    assert bench.seqs("later") == []
    bench.missing = set()
    assert bench.delivery.flush(60)
    assert bench.seqs("later") == [0, 1, 2]
    bench.close(10)
    assert bench.delivery.undelivered == 0
    assert bench.spool.dead_letters() == []


def test_a_task_that_never_comes_costs_its_reports_after_a_while(tmp_path: Path) -> None:
    bench = Bench(tmp_path, patience=0.6)
    bench.missing = {"never"}
    bench.thread.start()
    bench.put("never", 1)
    bench.put("never", 2)
    assert bench.delivery.flush(60)
    bench.close(10)
    assert [(reason, json.loads(text)["seq"]) for reason, text in bench.spool.dead_letters()] == [
        ("unknown: no detail", 1),
        ("unknown: no detail", 2),
    ]
    tried = [report["seq"] for report in bench.api.reports]
    assert tried.count(1) > 1


def test_what_waits_for_its_task_when_the_process_ends_goes_before_all_else_in_the_next(bench: Bench) -> None:
    bench.missing = {"late"}
    bench.thread.start()
    bench.put("late", 1)
    until(lambda: len(bench.delivery._deferral))
    bench.api.is_down = True
    bench.put("late", 2)
    bench.put("known", 1)
    bench.close(0.1)
    assert bench.delivery.undelivered == 3
    bench.spool.undefer()
    assert [json.loads(parcel.text)["seq"] for parcel in bench.spool.first(10) if parcel.task_id == "late"] == [1, 2]
    bench.spool.undefer()
    assert len(bench.spool.first(10)) == 3


def test_with_too_many_unknown_tasks_the_next_is_set_aside_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferral, "MOST_TASKS", 2)
    bench.missing = {"1", "2", "3"}
    bench.thread.start()
    bench.put("1", 1)
    bench.put("2", 1)
    until(lambda: len(bench.delivery._deferral) == 2)
    bench.put("3", 1)
    bench.put("1", 2)
    until(lambda: len(dead_letters(bench.spool.path)) == 1)
    bench.close(0.1)
    assert bench.delivery.undelivered == 2


def test_where_nothing_can_be_kept_for_later_everything_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*parts: Any) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(bench.spool, "defer", full)
    bench.missing = {"late"}
    bench.put("late", 1)
    bench.put("known", 1)
    bench.thread.start()
    until(lambda: len(bench.api.batches) > 2)
    monkeypatch.undo()
    bench.missing = set()
    assert bench.delivery.flush(60)
    assert bench.seqs("late") == [1]


def test_a_spool_that_cannot_be_read_for_a_while_ends_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Descriptors are lacking, or a disk fails: what is in the spool is delivered once it can be read again."""
    first, failures = bench.spool.first, iter(range(3))

    def starved(limit: int) -> list[Parcel]:
        if next(failures, None) is None:
            return first(limit)
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(bench.spool, "first", starved)
    bench.api.is_down = True
    bench.thread.start()
    bench.put("a", 1)
    until(lambda: bench.delivery._spooled)
    bench.api.is_down = False
    bench.put("a", 2)
    assert bench.delivery.flush(60)
    assert bench.seqs("a") == [1, 2]
    assert len([one for one in caplog.records if "cannot be read" in one.getMessage()]) == 1


def test_what_is_invalid_is_set_aside_and_holds_up_nobody(bench: Bench) -> None:
    bench.thread.start()
    bench.put("a", 1, bad=True)
    bench.put("a", 2)
    assert bench.delivery.flush(60)
    bench.close(10)
    ((reason, text),) = bench.spool.dead_letters()
    assert (reason, json.loads(text)["seq"]) == ("invalid: no detail", 1)


def test_after_the_end_nothing_is_taken(bench: Bench) -> None:
    bench.thread.start()
    bench.close(10)
    with pytest.raises(Closed):
        bench.put("a", 1)


def test_a_flush_ends_with_its_time(bench: Bench) -> None:
    bench.api.is_down = True
    bench.thread.start()
    bench.put("a", 1)
    assert not bench.delivery.flush(0.05)
