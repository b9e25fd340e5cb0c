"""Reports arrive in order, whatever happens to the API meanwhile; none is lost, none blocks the others."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.spools import kept
from tests.unit.waybill_worker.scripted import ScriptedApi, applied, judged, until
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.delivery.courier import Courier
from waybill.delivery.outage import Outage
from waybill.delivery.spool import Spool
from waybill.domain.status import Outcome
from waybill.queue.message import Message
from waybill_worker.plain_failure import NOT_ACCEPTED
from waybill_worker.run_reporter import RunReporter
from waybill_worker.runs.runs import Run, Runs


class Bench:
    """A reporter with everything around it."""

    def __init__(self, path: Path) -> None:
        self.api = ScriptedApi()
        self.spool = Spool(path)
        self.runs = Runs("w-1")
        self.reporter = RunReporter(Courier(self.api), self.spool, self.runs, Outage("here"))
        self.thread = threading.Thread(target=self.reporter.work)

    def run(self, task_id: str = "a") -> Run:
        run = self.runs.open(Message(task_id, 1), "claim")
        assert run is not None
        run.begin({"attempt": 1}, 0.0)
        return run

    def progress(self, run: Run, *values: float) -> None:
        for value in values:
            self.reporter.put(run.say(progress=value))

    def finish(self, run: Run, result: Any = None) -> None:
        parcel = run.complete(result)
        assert parcel is not None
        self.reporter.put(parcel)

    def close(self, timeout: float = 10) -> None:
        self.reporter.close(timeout)
        if self.thread.ident is not None:
            self.thread.join(10)
        self.spool.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "w.db")
    yield bench
    bench.api.gate.set()
    bench.close(0)


def seqs(bench: Bench) -> list[int]:
    return [report["seq"] for report in bench.api.reports]


def test_reports_that_gather_during_a_request_travel_in_the_next(bench: Bench) -> None:
    run = bench.run()
    bench.api.gate.clear()
    bench.thread.start()
    bench.progress(run, 0.1)
    assert bench.api.entered.acquire(timeout=10)
    bench.progress(run, 0.2, 0.3)
    bench.finish(run)
    bench.api.gate.set()
    bench.close()
    assert [len(batch) for batch in bench.api.batches] == [1, 3]
    assert seqs(bench) == [1, 2, 3, 4]
    assert bench.runs.held() == []
    assert not bench.spool.exists


def test_a_run_is_held_until_its_end_is_acknowledged(bench: Bench) -> None:
    run = bench.run()
    bench.api.gate.clear()
    bench.thread.start()
    bench.finish(run)
    assert bench.api.entered.acquire(timeout=10)
    assert bench.runs.held() == [run]
    bench.api.gate.set()
    until(lambda: not bench.runs.held())


@pytest.mark.parametrize("outcome", [Outcome.DUPLICATE, Outcome.STALE])
def test_a_doubled_end_is_acknowledged(bench: Bench, outcome: Outcome) -> None:
    bench.api.reply = judged(outcome)
    bench.thread.start()
    bench.finish(bench.run())
    bench.close()
    assert bench.runs.held() == []
    assert bench.reporter.undelivered == 0


def test_what_cannot_be_delivered_is_spooled_and_delivered_in_order_later(bench: Bench) -> None:
    run = bench.run()
    bench.api.is_down = True
    bench.thread.start()
    bench.progress(run, 0.1)
    until(lambda: kept(bench.spool.path))
    bench.progress(run, 0.2, 0.3)
    until(lambda: len(kept(bench.spool.path)) == 3)
    bench.finish(run)
    bench.api.is_down = False
    until(lambda: not bench.runs.held())
    bench.close()
    assert seqs(bench) == [1, 2, 3, 4]
    assert bench.spool.first(10) == []


def test_a_batch_whose_answer_was_lost_is_sent_again_before_anything_newer(bench: Bench) -> None:
    run = bench.run()
    bench.api.failures = [ApiUnreachable("timeout"), ApiProblem(401, "unauthorized", {}), ApiUnreachable("503", 503)]
    bench.progress(run, 0.1, 0.2)
    bench.thread.start()
    until(lambda: bench.api.refused)
    bench.finish(run)
    bench.close()
    assert seqs(bench) == [1, 2, 3]


def test_what_is_left_at_the_end_is_in_the_spool(bench: Bench) -> None:
    run = bench.run()
    bench.api.is_down = True
    bench.thread.start()
    bench.progress(run, 0.1)
    bench.finish(run)
    bench.close(0.2)
    assert bench.reporter.undelivered == 2
    assert [json.loads(parcel.text)["seq"] for parcel in bench.spool.first(10)] == [1, 2]


def test_after_a_refusal_the_run_stops_and_is_forgotten(bench: Bench) -> None:
    run = bench.run()
    bench.api.reply = judged(Outcome.REFUSED)
    bench.thread.start()
    bench.progress(run, 0.5)
    until(lambda: run.is_stopped)
    bench.close()
    assert bench.runs.held() == []
    assert run.complete(None) is None


def test_a_report_on_an_unknown_task_is_a_dead_letter_and_stops_its_run(bench: Bench) -> None:
    run = bench.run()
    bench.api.reply = judged(Outcome.UNKNOWN)
    bench.thread.start()
    bench.finish(run)
    bench.close()
    assert bench.runs.held() == []
    ((reason, text),) = bench.spool.dead_letters()
    assert reason == "unknown: because"
    assert json.loads(text)["task_id"] == "a"


def test_an_invalid_report_is_a_dead_letter_and_its_run_goes_on(bench: Bench) -> None:
    run = bench.run()
    bench.api.reply = lambda report: applied(report) if "status" in report else judged(Outcome.INVALID)(report)
    bench.thread.start()
    bench.progress(run, 0.5)
    until(lambda: bench.api.batches)
    assert not run.is_stopped
    bench.finish(run)
    bench.close()
    assert bench.runs.held() == []
    assert len(bench.spool.dead_letters()) == 1


def test_an_invalid_end_is_replaced_by_a_plain_failure(bench: Bench) -> None:
    run = bench.run()
    bench.api.reply = lambda report: judged(Outcome.INVALID)(report) if report["status"] == 3 else applied(report)
    bench.thread.start()
    bench.finish(run, "a result that the API does not like")
    until(lambda: not bench.runs.held())
    bench.close()
    last = bench.api.reports[-1]
    assert (last["status"], last["seq"], last["run"], last["claim"]) == (4, 2, 1, "claim")
    assert last["error"] == {"code": "failed", "message": f"{NOT_ACCEPTED}: because"}


def test_an_end_that_is_invalid_in_every_form_is_given_up(bench: Bench) -> None:
    bench.api.reply = judged(Outcome.INVALID)
    bench.thread.start()
    bench.finish(bench.run())
    until(lambda: not bench.runs.held())
    bench.close()
    assert len(bench.spool.dead_letters()) == 2


def test_a_spool_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "missing" / "w.db")
    run = bench.run()
    bench.api.is_down = True
    bench.thread.start()
    bench.progress(run, 0.1)
    until(lambda: len(bench.api.refused) > 1)
    bench.finish(run)
    bench.api.is_down = False
    until(lambda: not bench.runs.held())
    bench.close()
    assert seqs(bench) == [1, 2]
