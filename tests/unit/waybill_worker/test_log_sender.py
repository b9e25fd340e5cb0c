"""Logs are sent when their runs are over, together, and never at the cost of anything else."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from waybill.api_error import ApiError, ApiProblem, ApiUnreachable
from waybill.domain.texts.tail import LOG_CAP
from waybill.host.world import World
from waybill.queue.message import Message
from waybill_worker.log_sender import BATCH_BYTES, EVERY_SECONDS, LONGEST_PAUSE, PAUSE, ROOM, LogSender
from waybill_worker.runs.runs import Run


class Idle(Exception):
    """There is nothing to wait for."""


class Turning:
    """A condition on which one thread waits: the clock is turned, and what happens meanwhile is called."""

    def __init__(self, bench: "Bench") -> None:
        self._bench = bench

    def __enter__(self) -> None: ...
    def __exit__(self, *error: object) -> None: ...
    def notify_all(self) -> None: ...

    def wait(self, seconds: float | None) -> None:
        bench = self._bench
        if bench.happenings:
            at, happen = bench.happenings.pop(0)
            if seconds is None or at < bench.now + seconds:
                bench.now = max(bench.now, at)
                happen()
                return
            bench.happenings.insert(0, (at, happen))
        if seconds is None:
            raise Idle
        assert seconds > 0
        bench.now += seconds


class Bench:
    """A sender, an API that takes `seconds` to answer, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.seconds = 0.0
        self.happenings: list[tuple[float, Callable[[], object]]] = []
        self.sent: list[tuple[float, list[dict[str, Any]]]] = []
        self.answers: Iterator[ApiError | None] = iter(())
        world: Any = World(monotonic=lambda: self.now, condition=lambda: Turning(self))  # type: ignore[arg-type, return-value]
        self.sender = LogSender(self.send, world)

    def send(self, texts: Sequence[str]) -> None:
        begun = self.now
        self.now += self.seconds
        error = next(self.answers, None)
        if error is not None:
            raise error
        self.sent.append((begun, [json.loads(text) for text in texts]))

    def run(self, task_id: str = "a") -> Run:
        run = Run(Message(task_id, 1), f"claim of {task_id}", "w-1", 0.0)
        self.sender.follow(run)
        return run

    def work(self) -> None:
        """Send until nothing is left."""
        with pytest.raises(Idle):
            self.sender.work()

    @property
    def texts(self) -> list[list[tuple[str, str]]]:
        return [[(one["task_id"], one["text"]) for one in logs] for _, logs in self.sent]


def over(bench: Bench, task_id: str, data: bytes) -> Run:
    run = bench.run(task_id)
    run.log.take(data)
    bench.sender.finish(run)
    return run


def test_a_run_that_has_printed_nothing_sends_nothing() -> None:
    bench = Bench()
    bench.sender.finish(bench.run())
    bench.work()
    assert bench.sent == []


def test_the_end_of_a_run_sends_its_log_at_once_and_once() -> None:
    bench = Bench()
    run = over(bench, "a", b"done\n")
    bench.sender.finish(run)
    bench.work()
    assert bench.sent == [(100.0, [{"task_id": "a", "run": 1, "claim": "claim of a", "text": "done\n", "cut": False}])]


def test_while_a_run_prints_its_log_is_sent_every_few_seconds() -> None:
    bench = Bench()
    run = bench.run()
    bench.happenings = [(100.0 + n / 2, lambda: run.log.take(b".")) for n in range(9)]
    bench.happenings.append((104.75, lambda: bench.sender.finish(run)))
    bench.work()
    assert [(at, logs[0]["text"]) for at, logs in bench.sent] == [
        (100.0 + EVERY_SECONDS, "...."),
        (100.0 + 2 * EVERY_SECONDS + 0.0, "........"),
        (104.75, "........."),
    ]


def test_what_gathers_during_the_pause_travels_together() -> None:
    bench = Bench()
    bench.happenings = [
        (100.0 + 0.03 * n, lambda n=n: over(bench, f"task {n}", b"line\n"))  # type: ignore[misc]
        for n in range(14)
    ]
    bench.work()
    assert [(round(at - 100, 2), len(logs)) for at, logs in bench.sent] == [(0.0, 1), (PAUSE, 6), (2 * PAUSE, 7)]


def test_a_request_is_no_larger_than_the_api_takes_and_none_is_left_behind() -> None:
    bench = Bench()
    for number in range(50):
        over(bench, f"task {number}", b'"' * LOG_CAP)
    bench.work()
    sizes = [len(json.dumps(logs)) for _, logs in bench.sent]
    assert max(sizes) < BATCH_BYTES + 1_000
    assert [task_id for logs in bench.texts for task_id, _ in logs] == [f"task {number}" for number in range(50)]


def test_a_slow_api_gets_less_at_once() -> None:
    bench = Bench()
    bench.seconds = 5.0
    for number in range(10):
        over(bench, f"task {number}", b"x" * LOG_CAP)
    bench.work()
    assert [at for at, _ in bench.sent] == [100.0, 110.0]


def test_while_the_api_is_away_logs_wait_and_the_oldest_give_way() -> None:
    bench = Bench()
    bench.answers = iter([ApiUnreachable("away")] * 8)
    count = 2 * ROOM // LOG_CAP
    for number in range(count):
        over(bench, f"task {number}", b"x" * LOG_CAP)
    assert bench.sender._size <= ROOM
    bench.work()
    numbers = [int(task_id.split()[1]) for logs in bench.texts for task_id, _ in logs]
    assert numbers == list(range(count - len(numbers), count))
    assert 0.9 * ROOM < len(numbers) * LOG_CAP <= ROOM
    assert bench.sent[0][0] - 100.0 == pytest.approx(sum(min(PAUSE * 2**n, LONGEST_PAUSE) for n in range(1, 9)))
    assert bench.sender._size == 0


def test_a_run_that_ends_while_its_log_travels_is_counted_if_that_fails() -> None:
    bench = Bench()
    run = bench.run()
    run.log.take(b"x")
    fails = [ApiUnreachable("away")]

    def send(texts: Sequence[str]) -> None:
        bench.sender.finish(run)
        if fails:
            raise fails.pop()
        bench.send(texts)

    bench.sender._send = send
    bench.work()
    assert bench.texts == [[("a", "x")]]
    assert (bench.sender._size, bench.sender._due) == (0, {})


def test_an_api_that_keeps_no_logs_is_asked_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    bench = Bench()
    bench.answers = iter([ApiProblem(404, "not_found", {})])
    run = over(bench, "a", b"x")
    run.log.take(b"more")
    other = bench.run("b")
    other.log.take(b"y")
    bench.work()
    over(bench, "c", b"z")
    other.log.take(b"y")
    bench.sender.finish(other)
    bench.work()
    assert bench.sent == []
    assert [record.message for record in caplog.records] == [
        "The API is of a version that keeps no logs of runs: what they print stays in this one"
    ]


def test_logs_that_are_never_accepted_are_dropped_and_others_wait_for_a_token() -> None:
    bench = Bench()
    bench.answers = iter([ApiProblem(413, "too_large", {}), None, ApiProblem(401, "unauthenticated", {})])
    over(bench, "a", b"x")
    bench.happenings = [(101.0, lambda: over(bench, "b", b"y")), (102.0, lambda: over(bench, "c", b"z"))]
    bench.work()
    assert bench.texts == [[("b", "y")], [("c", "z")]]


@pytest.mark.parametrize(("is_away", "expected"), [(False, [[("a", "x"), ("b", "y")]]), (True, [])])
def test_at_the_end_what_is_there_is_sent_and_nothing_is_waited_for(
    is_away: bool, expected: list[list[tuple[str, str]]]
) -> None:
    bench = Bench()
    bench.answers = iter([ApiUnreachable("away")] * 100 if is_away else [])
    bench.run("b").log.take(b"y")
    over(bench, "a", b"x")
    bench.sender.close(1.0)
    bench.sender.work()
    assert bench.texts == expected
    assert bench.now <= 101.0
