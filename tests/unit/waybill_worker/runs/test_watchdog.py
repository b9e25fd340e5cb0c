"""Runs that take too long end, and handlers that do not end even then cost nothing but a thread."""

import json

from waybill.delivery.spool import Parcel
from waybill.queue.message import Message
from waybill_worker.runs.runs import Run
from waybill_worker.runs.watchdog import MOST_HUNG, Watchdog


class Executing:
    """A part that executes runs."""

    def __init__(self, *runs: Run) -> None:
        self.runs = list(runs)
        self.abandoned = 0

    def executing(self) -> list[Run]:
        return list(self.runs)

    def abandon(self, run: Run) -> bool:
        self.runs.remove(run)
        self.abandoned += 1
        return True


class Bench:
    """A watchdog with everything around it."""

    def __init__(self, *runs: Run, apart: Run | None = None) -> None:
        self.now = 0.0
        self.said: list[Parcel] = []
        self.replaced = 0
        self.runner, self.isolation = Executing(*runs), Executing(*([] if apart is None else [apart]))
        self.watchdog = Watchdog(self.runner, self.isolation, self.said.append, self._replace, 10, lambda: self.now)

    def _replace(self) -> None:
        self.replaced += 1


def begun(task_id: str = "a", at: float = 0.0) -> Run:
    run = Run(Message(task_id, 1), "claim", "w-1", 0.0)
    run.begin({"attempt": 1, "timeout": 5}, at)
    return run


def test_a_run_over_its_limit_is_timed_out_once() -> None:
    run = begun(at=100.0)
    bench = Bench(run)
    bench.now = 104.9
    assert not bench.watchdog.look()
    assert bench.said == []
    bench.now = 105.0
    assert not bench.watchdog.look()
    assert not bench.watchdog.look()
    (parcel,) = bench.said
    assert json.loads(parcel.text)["error"] == {"code": "timeout", "message": "no end after 5 s"}
    assert run.is_stopped


def test_a_handler_that_goes_on_is_left_to_itself_and_its_thread_replaced() -> None:
    bench = Bench(begun(), begun("healthy", 10.0))
    bench.now = 14.9
    assert not bench.watchdog.look()
    assert bench.replaced == 0
    bench.now = 15.1
    assert not bench.watchdog.look()
    assert not bench.watchdog.look()
    assert (bench.runner.abandoned, bench.replaced) == (1, 1)
    assert len(bench.said) == 2, "the other one is timed out and goes on"


def test_a_lost_run_reports_no_timeout_but_still_hangs() -> None:
    run = begun()
    run.lose()
    bench = Bench(run)
    bench.now = 16.0
    bench.watchdog.look()
    assert (bench.said, bench.runner.abandoned) == ([], 1)


def test_more_hung_handlers_than_a_process_can_bear_are_told() -> None:
    bench = Bench(*(begun(str(number)) for number in range(MOST_HUNG)))
    bench.now = 16.0
    assert not bench.watchdog.look()
    bench.runner.runs.append(begun("one more"))
    assert bench.watchdog.look()


def test_what_has_a_process_of_its_own_is_timed_out_and_left_to_who_kills_it() -> None:
    waiting, run = begun("waiting"), begun()
    waiting.wait()
    bench = Bench(apart=run)
    bench.isolation.runs.append(waiting)
    bench.now = 60.0
    assert not bench.watchdog.look()
    (parcel,) = bench.said
    assert (parcel.task_id, bench.isolation.abandoned) == ("a", 0)
