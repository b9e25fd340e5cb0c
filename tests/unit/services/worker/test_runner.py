"""However a handler ends, its run ends with a report and its slot is free again."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from services.worker.context import Context, Handler
from services.worker.handlers.sleep import sleep
from services.worker.runner import Runner
from services.worker.runs import Cancelled, Run
from services.worker.slots import Slots
from shared.queue import Message
from shared.spool import Parcel
from tests.unit.services.worker.scripted import until


class Handlers:
    """One handler, under the name `work`."""

    def __init__(self, work: Handler) -> None:
        self.work = work

    def handler(self, name: str | None) -> Handler | None:
        return self.work if name == "work" else None


def started(processing_time: int | None = None, task_input: Any = None, handler: str = "work") -> Run:
    run = Run(Message("a", 1), "claim", "w-1", 0.0)
    task = {"name": "n", "attempt": 2, "handler": handler, "processing_time": processing_time, "input": task_input}
    run.begin(task, 0.0)
    return run


def execute(work: Handler, run: Run | None = None) -> list[dict[str, Any]]:
    said: list[Parcel] = []
    slots = Slots(1, lambda: None)
    slots.take(1)
    Runner(Handlers(work), said.append, slots).run(run or started())
    assert slots.free == 1
    return [json.loads(parcel.text) for parcel in said]


def raising(error: BaseException) -> Handler:
    def work(context: Context, task_input: Any) -> None:
        raise error

    return work


class Unspeakable(Exception):
    """An error whose own message fails."""

    def __str__(self) -> str:
        raise RuntimeError("no message")


def test_a_handler_gets_its_task_and_its_result_is_reported() -> None:
    def work(context: Context, task_input: Any) -> Any:
        assert not context.cancelled
        return [context.task_id, context.name, context.attempt, context.processing_time, task_input]

    (end,) = execute(work, started(7, {"x": 1}))
    assert (end["status"], end["result"]) == (3, ["a", "n", 2, 7, {"x": 1}])


def test_what_a_handler_reports_comes_before_its_end_and_in_order() -> None:
    def work(context: Context, task_input: Any) -> None:
        context.stage("first")
        context.progress(0.5)
        context.metadata(lang="ru", pages=3)

    reports = execute(work)
    assert [report["seq"] for report in reports] == [1, 2, 3, 4]
    assert reports[0]["stage"] == "first"
    assert reports[1]["progress"] == 0.5
    assert reports[2]["metadata"] == {"lang": "ru", "pages": 3}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt: "),
        (GeneratorExit(), "GeneratorExit: "),
        (Unspeakable(), "Unspeakable"),
        (Cancelled(), "the handler gave up"),
    ],
)
def test_whatever_a_handler_raises_is_reported_as_a_failure(error: BaseException, message: str) -> None:
    (end,) = execute(raising(error))
    assert (end["status"], end["error"]) == (4, {"code": "failed", "message": message})


@pytest.mark.parametrize("result", [object(), "x" * 70_000, float("nan")])
def test_a_result_that_cannot_be_kept_is_a_failure(result: Any) -> None:
    (end,) = execute(lambda context, task_input: result)
    assert end["error"]["code"] == "failed"
    assert end["error"]["message"].startswith("the result cannot be kept: ")


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
def test_progress_goes_from_0_to_1(value: float) -> None:
    (end,) = execute(lambda context, task_input: context.progress(value))
    assert end["error"]["message"].startswith("ValueError: progress goes from 0 to 1")


def test_a_task_of_a_handler_that_is_not_here_ends_with_no_handler() -> None:
    (end,) = execute(lambda context, task_input: None, started(handler="other"))
    assert end["error"]["code"] == "no_handler"


def test_a_run_that_was_lost_before_it_began_is_not_run() -> None:
    run = started()
    run.lose()
    assert execute(raising(AssertionError("it ran")), run) == []


@pytest.mark.parametrize("tell", [lambda context: context.sleep(60), lambda context: context.progress(1)])
def test_a_lost_run_ends_its_handler_at_once_and_reports_nothing(tell: Callable[[Context], None]) -> None:
    run = started()
    said: list[Parcel] = []
    entered, lost = threading.Event(), threading.Event()

    def work(context: Context, task_input: Any) -> None:
        entered.set()
        assert lost.wait(10)
        assert context.cancelled
        tell(context)
        raise AssertionError("it went on")

    slots = Slots(1, lambda: None)
    slots.take(1)
    runner = Runner(Handlers(work), said.append, slots)
    thread = threading.Thread(target=runner.run, args=(run,))
    thread.start()
    assert entered.wait(10)
    assert runner.executing() == [run]
    run.lose()
    lost.set()
    thread.join(10)
    assert said == []
    assert runner.executing() == []
    assert slots.free == 1


def test_sleep_waits_as_long_as_the_task_says() -> None:
    class Patient(Run):
        slept: list[float]

        def sleep(self, seconds: float) -> bool:
            self.slept.append(seconds)
            return False

    def ending(processing_time: int | None) -> tuple[list[float], dict[str, Any]]:
        run = Patient(Message("a", 1), "claim", "w-1", 0.0)
        run.slept = []
        run.begin({"attempt": 1, "handler": "work", "processing_time": processing_time}, 0.0)
        (end,) = execute(sleep, run)
        return run.slept, end

    assert [(slept, end["status"]) for slept, end in map(ending, (None, 0, 5, 12, 14))] == [
        ([], 3),
        ([], 3),
        ([5], 3),
        ([12], 3),
        ([14], 3),
    ]
    slept, end = ending(13)
    assert slept == [13]
    assert (end["status"], end["error"]["code"]) == (4, "failed")


def test_slots_tell_when_there_is_room_again_and_when_nothing_runs() -> None:
    told: list[int] = []
    slots = Slots(2, lambda: told.append(slots.free))
    assert slots.wait_idle(0)
    slots.take(2)
    assert not slots.wait_idle(0)
    slots.give_back()
    slots.give_back()
    assert told == [1]
    until(lambda: slots.wait_idle(0))
