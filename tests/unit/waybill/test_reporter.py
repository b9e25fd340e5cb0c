"""The library for other people's services: what it says, in which order, and what the next process finds."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.waybill_worker.scripted import ScriptedApi, until
from waybill import Closed, Reporter
from waybill import reporter as module
from waybill.client.calls import Answer
from waybill.delivery.spool import Parcel, Spool
from waybill.domain.status import Outcome


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> ScriptedApi:
    api = ScriptedApi()
    api.reply = lambda report: Answer(report.get("task_id"), Outcome.APPLIED)
    monkeypatch.setattr(module, "Calls", lambda *parts: api)
    return api


@pytest.fixture
def make(api: ScriptedApi, tmp_path: Path) -> Iterator[Callable[..., Reporter]]:
    made: list[Reporter] = []

    def make(**more: Any) -> Reporter:
        made.append(Reporter("http://here", "token", source="enricher", spool=tmp_path / "spool", **more))
        return made[-1]

    yield make
    for reporter in made:
        reporter.close(0)


def said(api: ScriptedApi) -> list[dict[str, Any]]:
    return api.reports


def test_each_report_is_numbered_above_what_was_received_and_what_was_said(
    api: ScriptedApi, make: Callable[..., Reporter]
) -> None:
    with make() as reporter:
        with reporter.received(task_id="a") as first:
            assert first.seq == 0
            first.stage("fetch")
            first.progress(0.5)
            assert first.seq == 2
        with reporter.received(7, 3, task_id="a", attempt=2) as joined:
            assert joined.seq == 7
            joined.metadata({"lang": "ru"}, words=5)
            assert joined.seq == 8
        with reporter.received(1, type="order", external_key="2026-1") as other:
            other.complete({"n": 1})
            assert other.seq == 9
        reporter.received(task_id="b").fail(ValueError("no such page"))
    base = {"source": "enricher"}
    assert said(api) == [
        base | {"task_id": "a", "seq": 1, "status": 2, "stage": "fetch"},
        base | {"task_id": "a", "seq": 2, "status": 2, "progress": 0.5},
        base | {"task_id": "a", "attempt": 2, "seq": 8, "metadata": {"lang": "ru", "words": 5}},
        base | {"type": "order", "external_key": "2026-1", "seq": 9, "status": 3, "result": {"n": 1}},
        base
        | {"task_id": "b", "seq": 10, "status": 4, "error": {"code": "failed", "message": "ValueError: no such page"}},
    ]


def test_the_traceback_of_a_raised_error_is_its_detail(api: ScriptedApi, make: Callable[..., Reporter]) -> None:
    with make() as reporter:
        received = reporter.received(task_id="a")
        try:
            raise KeyError("page")
        except KeyError as error:
            received.fail(error)
    (report,) = said(api)
    assert report["error"]["message"] == "KeyError: 'page'"
    assert report["error"]["detail"].startswith("Traceback (most recent call last):\n")
    assert report["error"]["detail"].endswith("KeyError: 'page'\n")


def test_an_exception_in_the_block_is_the_services_own(api: ScriptedApi, make: Callable[..., Reporter]) -> None:
    reporter = make()

    def work() -> None:
        with reporter.received(1, task_id="a") as received:
            received.stage("parse")
            raise KeyError("x")

    with pytest.raises(KeyError):
        work()
    assert reporter.close()
    assert [report["stage"] for report in said(api)] == ["parse"]


@pytest.mark.parametrize(
    "named",
    [{}, {"type": "order"}, {"external_key": "1"}, {"task_id": "a", "type": "t", "external_key": "1"}],
)
def test_a_task_is_named_in_exactly_one_way(make: Callable[..., Reporter], named: dict[str, Any]) -> None:
    reporter = make()
    with pytest.raises(ValueError, match="name the task"):
        reporter.received(1, **named)
    with pytest.raises(ValueError, match="name the task"):
        reporter.report(status=2, **named)


@pytest.mark.parametrize("bad", [object(), float("nan"), "x" * 70_000, "\ud800"])
def test_what_cannot_travel_is_the_callers_error_at_once(make: Callable[..., Reporter], bad: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogate"):
        make().report(task_id="a", metadata={"k": bad})


def test_the_next_process_delivers_first_what_an_earlier_one_left(
    api: ScriptedApi, make: Callable[..., Reporter], tmp_path: Path
) -> None:
    api.is_down = True
    earlier = make()
    for number in range(3):
        earlier.report(task_id="a", number=number)
    assert not earlier.close(0.1)
    later = make()
    for number in range(3, 6):
        later.report(task_id="a", number=number)
    until(lambda: api.refused)
    api.is_down = False
    assert later.flush(60)
    assert [report["number"] for report in said(api)] == list(range(6))
    assert later.close()
    assert [path.name for path in (tmp_path / "spool").iterdir()] == []


def test_what_a_living_process_has_is_left_alone(api: ScriptedApi, make: Callable[..., Reporter]) -> None:
    api.is_down = True
    living = make()
    living.report(task_id="a", number=1)
    until(lambda: api.refused)
    other = make()
    other.report(task_id="b", number=1)
    assert not other.close(0.2)
    api.is_down = False
    assert living.flush(60)
    until(lambda: len(said(api)) == 2)
    assert {report["task_id"] for report in said(api)} == {"a", "b"}


def test_a_damaged_spool_of_a_dead_process_is_set_aside(
    api: ScriptedApi, make: Callable[..., Reporter], tmp_path: Path
) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    (folder / "r-00000000000000aa.db").write_bytes(b"no database" * 1_000)
    reporter = make()
    reporter.report(task_id="a")
    assert reporter.flush(60)
    assert [path.name for path in (folder / "damaged").iterdir()] == ["r-00000000000000aa.db"]


def test_a_damaged_spool_of_its_own_is_set_aside_and_the_rest_goes_on(
    api: ScriptedApi, make: Callable[..., Reporter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    first = Spool.first

    def damaged(self: Spool, limit: int) -> list[Parcel]:
        monkeypatch.setattr(Spool, "first", first)
        error = sqlite3.DatabaseError("malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    api.is_down = True
    reporter = make()
    reporter.report(task_id="a", number=1)
    until(lambda: list((tmp_path / "spool").glob("*.db")))
    monkeypatch.setattr(Spool, "first", damaged)
    until((tmp_path / "spool" / "damaged").exists)
    api.is_down = False
    reporter.report(task_id="a", number=2)
    assert reporter.flush(60)
    assert [report["number"] for report in said(api)] == [2]


def test_a_healthy_spool_that_cannot_be_read_for_a_while_is_delivered_afterwards(
    api: ScriptedApi, make: Callable[..., Reporter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    first, failures = Spool.first, iter(range(3))

    def starved(self: Spool, limit: int) -> list[Parcel]:
        if next(failures, None) is None:
            return first(self, limit)
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    api.is_down = True
    reporter = make()
    reporter.report(task_id="a", number=1)
    until(lambda: list((tmp_path / "spool").glob("*.db")))
    monkeypatch.setattr(Spool, "first", starved)
    api.is_down = False
    assert reporter.flush(60)
    assert [report["number"] for report in said(api)] == [1]
    assert not (tmp_path / "spool" / "damaged").exists()


def test_dead_letters_stay_on_disk(api: ScriptedApi, make: Callable[..., Reporter], tmp_path: Path) -> None:
    api.reply = lambda report: Answer("a", Outcome.REFUSED, None, "no")
    with make() as reporter:
        reporter.report(task_id="a", status=2)
        assert reporter.flush(60)
    assert len(list((tmp_path / "spool" / "dead-letters").iterdir())) == 1


def test_a_closed_reporter_takes_nothing(make: Callable[..., Reporter]) -> None:
    reporter = make()
    assert reporter.close()
    assert reporter.close()
    with pytest.raises(Closed):
        reporter.report(task_id="a")


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_child_cannot_use_it_and_does_it_no_harm(
    api: ScriptedApi, make: Callable[..., Reporter], tmp_path: Path
) -> None:
    reporter = make()
    child = os.fork()
    if child == 0:
        try:
            reporter.report(task_id="a")
        except Closed:
            os._exit(0 if not reporter.close() else 2)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    reporter.report(task_id="a", fine=True)
    assert reporter.flush(60)
    assert json.dumps(said(api)).count("fine") == 1
