"""The heartbeat tells everything, and stops exactly what was lost."""

import threading
from collections.abc import Callable

import pytest

from tests.unit.waybill_worker.scripted import ScriptedApi, until
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.delivery.outage import Outage
from waybill.host.world import World
from waybill.queue.message import Message
from waybill_worker.handlers.catalogue import Catalogue
from waybill_worker.handlers.registry import Registry
from waybill_worker.heartbeat import Heartbeat
from waybill_worker.runs.runs import Run, Runs


class Pausable:
    """A dequeuer that only knows whether it is paused; it is once it rests."""

    def __init__(self) -> None:
        self.wanted = False
        self.is_paused = False

    def pause(self) -> None:
        self.wanted = True

    def resume(self) -> None:
        self.wanted = self.is_paused = False

    def rest(self) -> None:
        self.is_paused = self.wanted


class Bench:
    """A heartbeat with everything around it."""

    def __init__(self) -> None:
        self.api = ScriptedApi()
        self.now = 100.0
        self.runs = Runs("w-1", World(monotonic=lambda: self.now))
        self.dequeuer = Pausable()
        self.gone: list[bool] = []
        registry = Registry(self.api, Catalogue({"sleep": lambda context, task_input: None}))
        self.heartbeat = Heartbeat(
            "w-1",
            self.api,
            registry,
            self.runs,
            600,
            self.dequeuer,
            Outage("here"),
            lambda: self.gone.append(True),
            World(monotonic=lambda: self.now),
        )

    def run(self, task_id: str, granted: bool = True) -> Run:
        run = self.runs.open(Message(task_id, 1), f"claim-{task_id}")
        assert run is not None
        if granted:
            run.begin({"attempt": 1}, self.now)
        return run


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_beat_lists_runs_routes_and_who_beats(bench: Bench) -> None:
    bench.run("a")
    bench.now += 1.5
    bench.run("b", granted=False)
    assert bench.heartbeat.beat()
    (beat,) = bench.api.beats
    assert beat["runs"] == [
        {"task_id": "a", "run": 1, "claim": "claim-a", "elapsed": 1.5},
        {"task_id": "b", "run": 1, "claim": "claim-b", "elapsed": 0.0},
    ]
    assert beat["routes"] == ["sleep"]
    assert beat["slots"] == 600
    assert beat["handlers"] == ["sleep"]
    assert set(beat) == {"runs", "routes", "handlers", "slots", "host", "pid", "version", "draining"}


def test_only_the_time_in_the_handler_counts_towards_the_limit(bench: Bench) -> None:
    run = bench.run("a", granted=False)
    bench.now += 90
    assert bench.heartbeat.beat()
    run.begin({"attempt": 1}, bench.now)
    bench.now += 2
    assert bench.heartbeat.beat()
    run.complete(None)
    bench.now += 90
    assert bench.heartbeat.beat()
    assert [beat["runs"][0]["elapsed"] for beat in bench.api.beats] == [0.0, 2.0, 0.0]


def test_a_lost_run_is_told_to_stop_and_forgotten(bench: Bench) -> None:
    lost, kept = bench.run("a"), bench.run("b")
    bench.api.lost = [("a", 1), ("b", 2), ("unheard of", 1)]
    assert bench.heartbeat.beat()
    assert lost.is_stopped
    assert not kept.is_stopped
    assert bench.runs.held() == [kept]


def test_only_what_was_taken_away_is_said_to_be_lost(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    ended = bench.run("a")
    bench.run("b")
    ended.complete(None)
    bench.api.lost = [("a", 1), ("b", 1)]
    assert bench.heartbeat.beat()
    assert caplog.messages == ["Task b is no longer run by this worker"]
    assert bench.runs.held() == []


def test_a_lost_run_is_listed_until_its_handler_has_left(bench: Bench) -> None:
    run = bench.run("a")
    bench.runs.enter([run])
    bench.api.lost = [("a", 1)]
    assert bench.heartbeat.beat()
    assert bench.heartbeat.beat(is_usual=False)
    assert [len(beat["runs"]) for beat in bench.api.beats] == [1, 1]
    bench.runs.leave(run)
    assert bench.heartbeat.beat()
    assert bench.api.beats[-1]["runs"] == []


def test_a_heartbeat_that_is_hurried_does_not_wait(bench: Bench) -> None:
    thread = threading.Thread(target=bench.heartbeat.work)
    thread.start()
    until(lambda: len(bench.api.beats) == 1)
    bench.heartbeat.hurry()
    until(lambda: len(bench.api.beats) == 2)
    bench.heartbeat.stop()
    thread.join(10)
    assert len(bench.api.beats) == 2


def test_a_claim_under_way_is_never_lost(bench: Bench) -> None:
    claiming = bench.run("a", granted=False)
    bench.api.lost = [("a", 1)]
    assert bench.heartbeat.beat()
    assert not claiming.is_stopped
    assert bench.runs.held() == [claiming]


def test_a_worker_that_was_declared_gone_is_told(bench: Bench) -> None:
    beat: Callable[[], bool] = bench.heartbeat.beat
    bench.api.failures = [ApiUnreachable("down")]
    assert not beat()
    bench.api.failures = [ApiProblem(403, "forbidden", {})]
    assert not beat()
    assert bench.gone == []
    bench.heartbeat.beat()
    task_types = bench.api.task_types

    def then_gone() -> list[dict[str, object]]:
        bench.api.failures = [ApiProblem(409, "worker_gone", {})]
        bench.api.task_types = task_types  # type: ignore[method-assign]
        return []

    bench.api.task_types = then_gone  # type: ignore[method-assign]
    assert not beat()
    assert bench.gone == [True]


def test_a_wish_to_drain_is_passed_on_and_said_only_once_nothing_more_is_taken(bench: Bench) -> None:
    bench.api.drain = True
    assert bench.heartbeat.beat()
    assert bench.dequeuer.wanted
    assert bench.heartbeat.beat()
    bench.dequeuer.rest()
    assert bench.heartbeat.beat()
    bench.api.drain = False
    assert bench.heartbeat.beat()
    assert bench.heartbeat.beat()
    assert [beat["draining"] for beat in bench.api.beats] == [False, False, True, True, False]


def test_while_the_api_is_away_a_worker_drains_on(bench: Bench) -> None:
    bench.api.drain = True
    assert bench.heartbeat.beat()
    bench.dequeuer.rest()
    bench.api.failures = [ApiUnreachable("down")]
    assert not bench.heartbeat.beat()
    assert bench.dequeuer.is_paused
