"""However a handler ends, its run ends with a report and its slot is free again."""

import asyncio
import decimal
import json
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any

import pytest

from tests.unit.waybill_worker.scripted import until
from waybill.delivery.spool import Parcel
from waybill.domain.merge import METADATA_CAP, metadata_size
from waybill.domain.status import ErrorCode
from waybill.domain.task import DETAIL_CAP
from waybill.encoding import MESSAGE_CAP
from waybill.host.logs import LineFormatter
from waybill.queue.message import Message
from waybill_worker.handlers.context import Context, Handler
from waybill_worker.handlers.failed import Failed
from waybill_worker.handlers.sleep import sleep
from waybill_worker.runner.runner import Runner
from waybill_worker.runner.runner_threads import RunnerThreads
from waybill_worker.runs.runs import Cancelled, Run
from waybill_worker.runs.slots import Slots


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
    """An error whose own message fails with the error that it was given."""

    def __str__(self) -> str:
        raise self.args[0]


class Hostile(dict[str, Any]):
    """A result that fails when it is looked at."""

    def items(self) -> Any:
        raise KeyboardInterrupt


def nested(depth: int) -> Any:
    """Return nested lists, `depth` levels deep."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


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
        (Unspeakable(RuntimeError()), "Unspeakable"),
        (Unspeakable(SystemExit(1)), "Unspeakable"),
        (Unspeakable(KeyboardInterrupt()), "Unspeakable"),
        (Unspeakable(Cancelled()), "Unspeakable"),
        (Cancelled(), "the handler gave up"),
    ],
)
def test_whatever_a_handler_raises_is_reported_as_a_failure(error: BaseException, message: str) -> None:
    (end,) = execute(raising(error))
    end["error"].pop("detail", None)
    assert (end["status"], end["error"]) == (4, {"code": "failed", "message": message})


def test_the_detail_of_an_error_is_the_traceback_from_the_handler_on() -> None:
    def inner(words: Any) -> None:
        raise KeyError("text") from ValueError("\0" + "x" * 20_000 if words else "why")

    def work(context: Context, task_input: Any) -> None:
        inner(task_input)

    (end,) = execute(work)
    first, *_, last = end["error"]["detail"].splitlines()
    assert (first, last) == ("ValueError: why", "KeyError: 'text'")
    told = end["error"]["detail"].partition("The above exception")[2].splitlines()
    assert [line.rpartition(", in ")[2] for line in told if "File " in line] == ["work", "inner"]
    (end,) = execute(work, started(task_input=1))
    assert end["error"]["detail"].endswith("KeyError: 'text'\n"), "the end of it is kept"
    assert len(end["error"]["detail"]) <= DETAIL_CAP


def test_a_handler_that_is_not_at_fault_has_no_traceback() -> None:
    (end,) = execute(lambda context, task_input: (yield))
    assert "detail" not in end["error"]
    (end,) = execute(partial(lambda context, task_input: 1 / 0))
    assert end["error"]["detail"].endswith("ZeroDivisionError: division by zero\n"), "it is no function"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (object(), "not JSON: Object of type object"),
        ("x" * 70_000, "70,097 bytes of JSON"),
        (float("nan"), "not JSON: Out of range"),
        ({"a": ["b\0c"]}, "a text holds the character NUL"),
        ({"a\0": 1}, "a text holds the character NUL"),
        (["\ud800"], "a text holds half of a surrogate pair"),
        ({1: "a", "1": "b"}, "two keys of one object are '1' as texts"),
        ({("a", "b"): 1}, "not JSON: keys must be"),
        (nested(150), "too many arrays and objects lie within each other"),
        (nested(20_000), "too many arrays and objects lie within each other"),
        (10**5_000, "not JSON: Exceeds the limit"),
        (Hostile(a=1), "not JSON: KeyboardInterrupt"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 99 else type(value).__name__,
)
def test_why_a_result_cannot_be_kept_is_said(result: Any, reason: str) -> None:
    (end,) = execute(lambda context, task_input: result)
    assert end["error"]["code"] == "failed"
    assert end["error"]["message"].startswith(f"the result cannot be kept: {reason}")


@pytest.mark.parametrize("value", [{"a": "b\0"}, {"a": nested(150)}, {"a": "x" * 70_000}])
def test_a_handler_is_told_what_of_its_reports_cannot_be_kept(value: Any) -> None:
    reports = execute(lambda context, task_input: context.metadata(**value))
    assert [report["error"]["message"][:12] for report in reports] == ["ValueError: "]


def test_a_handler_is_told_that_metadata_grows_too_large_and_the_api_is_not() -> None:
    def work(context: Context, task_input: Any) -> None:
        for number in range(2_000):
            context.metadata(**{f"key{number}": "v" * 60})

    *said, end = execute(work)
    assert end["error"]["message"] == "ValueError: the task's metadata would grow beyond 65,536 bytes"
    metadata = {key: value for report in said for key, value in report["metadata"].items()}
    assert metadata_size(metadata) <= METADATA_CAP < metadata_size(metadata | {"another": "v" * 60})


def test_metadata_of_before_counts_and_what_is_said_again_does_not() -> None:
    def work(context: Context, task_input: Any) -> None:
        context.metadata(old="o" * 65_000)
        context.metadata(new="n" * 1_000)

    run = started()
    run.begin({**(run.task or {}), "metadata": {"old": "o" * 65_000}}, 0.0)
    said, end = execute(work, run)
    assert said["metadata"] == {"old": "o" * 65_000}
    assert "grow beyond" in end["error"]["message"]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 129, 5, None])
def test_a_stage_has_a_name(name: Any) -> None:
    (end,) = execute(lambda context, task_input: context.stage(name))
    assert end["error"]["message"].startswith("ValueError: the name of a stage")


def test_a_generator_is_told_what_to_do() -> None:
    def generate(context: Context, task_input: Any) -> Any:
        yield 1

    async def generate_async(context: Context, task_input: Any) -> Any:
        yield 1

    for handler in (generate, generate_async):
        (end,) = execute(handler)
        assert end["error"]["message"].startswith("TypeError: the handler is a generator: it has to return")


def test_a_coroutine_runs_to_its_end() -> None:
    async def work(context: Context, task_input: Any) -> Any:
        context.progress(0.5)
        await asyncio.sleep(0)
        return [await asyncio.to_thread(lambda: task_input), decimal.getcontext().prec]

    class Later:
        def __await__(self) -> Any:
            yield
            return 7

    said, end = execute(work, started(None, {"x": 1}))
    assert (said["progress"], end["result"]) == (0.5, [{"x": 1}, 28])
    (end,) = execute(lambda context, task_input: Later())
    assert end["result"] == 7


def test_a_coroutine_that_fails_tells_where() -> None:
    async def work(context: Context, task_input: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("as wished")

    (end,) = execute(work)
    assert end["error"]["message"] == "ValueError: as wished"
    assert end["error"]["detail"].startswith("Traceback")
    assert "asyncio" not in end["error"]["detail"]


@pytest.mark.parametrize("stop", [Run.lose, lambda run: run.fail(ErrorCode.TIMEOUT, "too long")])
def test_a_coroutine_is_cancelled_once_its_run_is_stopped(stop: Callable[[Run], object]) -> None:
    run = started()
    entered, cleaned = threading.Event(), threading.Event()

    async def work(context: Context, task_input: Any) -> None:
        try:
            entered.set()
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    reports: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: reports.extend(execute(work, run)))
    thread.start()
    assert entered.wait(10)
    stop(run)
    thread.join(10)
    assert cleaned.is_set()
    assert reports == []


def test_what_is_to_happen_at_the_end_of_a_stopped_run_happens_once_also_when_that_is_over() -> None:
    run = started()
    told: list[int] = []
    run.when_stopped(lambda: told.append(1))
    run.lose()
    run.lose()
    run.when_stopped(lambda: told.append(2))
    assert told == [1, 2]


def test_a_failure_in_its_own_words_has_no_traceback() -> None:
    (end,) = execute(raising(Failed("exit code 3", "no such file")))
    assert end["error"] == {"code": "failed", "message": "exit code 3", "detail": "no such file"}


def test_a_large_error_makes_a_small_report_and_a_small_line(caplog: pytest.LogCaptureFixture) -> None:
    def work(context: Context, task_input: Any) -> None:
        try:
            raise ValueError("x" * 5_000_000)
        except ValueError as error:
            raise RuntimeError("y" * 5_000_000) from error

    (end,) = execute(work)
    assert len(end["error"]["message"]) == MESSAGE_CAP
    (record,) = caplog.records
    assert "RuntimeError: yyy" in record.getMessage()
    assert "in work" in record.getMessage()
    assert len(LineFormatter().format(record)) < 10_000


def test_context_variables_of_one_handler_are_not_those_of_the_next() -> None:
    def work(context: Context, task_input: Any) -> int:
        precision = decimal.getcontext().prec
        decimal.getcontext().prec = 3
        return precision

    assert [execute(work)[0]["result"] for _ in range(2)] == [28, 28]


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


def test_a_handler_that_nobody_waits_for_gives_back_one_slot_and_is_counted_until_it_returns() -> None:
    run = started()
    entered, go_on = threading.Event(), threading.Event()
    left: list[Run] = []

    def work(context: Context, task_input: Any) -> None:
        entered.set()
        assert go_on.wait(10)

    slots = Slots(2, lambda: None)
    slots.take(2)
    runner = Runner(Handlers(work), lambda parcel: None, slots, on_left=left.append)
    thread = threading.Thread(target=runner.run, args=(run,))
    thread.start()
    assert entered.wait(10)
    assert runner.abandon(run)
    assert not runner.abandon(run)
    assert (slots.free, left, runner.executing(), runner.abandoned) == (1, [run], [], 1)
    go_on.set()
    thread.join(10)
    assert (slots.free, left, runner.abandoned) == (1, [run], 0)


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


def _no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_thread_that_is_lost_is_replaced_where_there_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    granted: SimpleQueue[Run | None] = SimpleQueue()
    slots = Slots(1, lambda: None)
    said: list[Parcel] = []
    threads = RunnerThreads(granted, Runner(Handlers(lambda context, given: None), said.append, slots), 1)
    threads.replace()
    slots.take(1)
    granted.put(started())
    until(lambda: slots.free == 1)
    assert len(said) == 1
    threads.stop()
    monkeypatch.setattr(threading.Thread, "start", _no_thread)
    threads.replace()
