"""From message to granted run: no claim, no run; and no message is lost by the worker's own doing."""

import threading
from collections.abc import Collection, Iterator

import pytest

from tests.unit.waybill_worker.scripted import ListQueue, ScriptedApi, judged, until
from waybill import handler
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.delivery.outage import Outage
from waybill.domain.status import Outcome
from waybill.host.world import World
from waybill.queue.message import Message, RoutedMessage
from waybill_worker.dequeuer import LOOK_SECONDS, Dequeuer
from waybill_worker.handlers.catalogue import Catalogue
from waybill_worker.handlers.context import Handler
from waybill_worker.handlers.declared import Declared, declaration_of
from waybill_worker.handlers.registry import Registry
from waybill_worker.runs.runs import Run, Runs
from waybill_worker.runs.slots import Slots


class Bell:
    """A doorbell without a FIFO."""

    def __init__(self) -> None:
        self.rung = threading.Event()

    def wait(self, timeout: float) -> bool:
        rung = self.rung.wait(timeout)
        self.rung.clear()
        return rung

    def ring(self) -> None:
        self.rung.set()


@handler(isolate=True)
def apart(context: object) -> None:
    """Need a process of its own."""


class Bench:
    """A dequeuer with everything around it."""

    def __init__(self, slots: int = 3, reserve: int = 0) -> None:
        self.api = ScriptedApi()
        self.queue = ListQueue()
        self.bell = Bell()
        self.slots = Slots(slots, self.bell.ring, reserve)
        self.runs = Runs("w-1")
        self.started: list[Run] = []
        handlers: dict[str, Handler] = {"sleep": lambda context, task_input: None}
        handlers["apart"] = Declared("apart", apart, declaration_of(apart))
        self.registry = Registry(self.api, Catalogue(handlers))
        self.api.types.append({"name": "apart", "handler": "apart"})
        self.places = 0
        self.registry.refresh()
        self.now = 0.0
        self.dequeuer = Dequeuer(
            self.queue,
            self.api,
            self.registry,
            self.slots,
            self.runs,
            self.bell,
            self.started.append,
            Outage("here"),
            World(monotonic=lambda: self.now),
            lambda: self.places,
        )
        self.thread = threading.Thread(target=self.dequeuer.work)

    def send(self, *numbers: int, route: str = "sleep", priority: int = 0) -> None:
        self.queue.send([(route, priority, Message(f"task-{number}", 1)) for number in numbers])
        self.bell.ring()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.api.is_down = True
    bench.api.gate.set()
    bench.dequeuer.stop()
    if bench.thread.ident is not None:
        bench.thread.join(10)


def test_all_that_fit_are_claimed_in_one_request_and_started(bench: Bench) -> None:
    bench.send(1, 2, 3, 4)
    assert bench.dequeuer.turn()
    assert [len(batch) for batch in bench.api.batches] == [3]
    assert [run.task_id for run in bench.started] == ["task-1", "task-2", "task-3"]
    assert len({report["claim"] for report in bench.api.reports}) == 3
    assert all(len(report["claim"]) == 32 for report in bench.api.reports)
    assert not bench.dequeuer.turn()
    assert [letter.message.task_id for letter in bench.queue.letters] == ["task-4"]


def test_runs_that_need_processes_of_their_own_are_taken_only_while_there_are_places(bench: Bench) -> None:
    bench.send(1, 2, 3, route="apart")
    bench.send(4)
    assert bench.dequeuer.turn()
    assert not bench.dequeuer.turn()
    assert [run.task_id for run in bench.started] == ["task-4"]
    bench.places = 2
    assert bench.dequeuer.turn()
    assert [run.task_id for run in bench.started] == ["task-4", "task-1", "task-2"]
    assert [letter.message.task_id for letter in bench.queue.letters] == ["task-3"]


def test_a_freed_slot_is_filled_at_once(bench: Bench) -> None:
    bench.thread.start()
    bench.send(1, 2, 3, 4)
    until(lambda: len(bench.started) == 3)
    bench.slots.give_back()
    until(lambda: len(bench.started) == 4)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN, Outcome.STALE, Outcome.INVALID])
def test_without_a_granted_claim_nothing_runs(bench: Bench, outcome: Outcome) -> None:
    bench.api.reply = judged(outcome)
    bench.send(1)
    assert bench.dequeuer.turn()
    assert bench.started == []
    assert bench.runs.held() == []
    assert bench.slots.free == 3
    assert bench.queue.letters == []


def test_a_claim_whose_answer_was_lost_is_sent_again_and_is_a_yes(bench: Bench) -> None:
    bench.api.failures = [ApiUnreachable("reset"), ApiProblem(401, "unauthorized", {})]
    bench.send(1)
    assert bench.dequeuer.turn()
    assert bench.api.refused[0] == bench.api.refused[1] == bench.api.batches[0]
    assert len(bench.started) == 1


def test_a_run_is_listed_before_its_claim_is_sent(bench: Bench) -> None:
    bench.api.gate.clear()
    bench.thread.start()
    bench.send(1)
    assert bench.api.entered.acquire(timeout=10)
    assert [(run.task_id, run.task) for run in bench.runs.held()] == [("task-1", None)]


def test_a_doubled_message_is_claimed_once(bench: Bench) -> None:
    bench.send(1, 1)
    bench.dequeuer.turn()
    bench.send(1)
    bench.dequeuer.turn()
    assert len(bench.api.reports) == 1
    assert bench.slots.free == 2


def test_messages_that_are_not_claimed_yet_go_back_at_the_stop(bench: Bench) -> None:
    bench.api.is_down = True
    bench.thread.start()
    bench.queue.send([("sleep", 7, Message("a", 2))])
    bench.bell.ring()
    until(lambda: bench.api.refused)
    bench.dequeuer.stop()
    bench.thread.join(10)
    assert bench.queue.letters == [RoutedMessage("sleep", 7, Message("a", 2))]
    assert bench.runs.held() == []
    assert bench.slots.free == 3


def test_a_stopped_dequeuer_takes_nothing(bench: Bench) -> None:
    bench.dequeuer.stop()
    bench.send(1)
    bench.dequeuer.work()
    assert len(bench.queue.letters) == 1


def test_claims_that_will_never_be_accepted_are_dropped(bench: Bench) -> None:
    bench.api.failures = [ApiProblem(413, "too_large", {})]
    bench.dequeuer.stop()
    bench.send(1)
    bench.dequeuer.turn()
    assert bench.runs.held() == []
    assert bench.slots.free == 3


def test_messages_of_a_route_that_is_not_served_stay(bench: Bench) -> None:
    bench.send(1, route="resize")
    assert not bench.dequeuer.turn()
    assert len(bench.queue.letters) == 1


def test_a_route_that_has_just_been_made_is_served_at_once(bench: Bench) -> None:
    bench.api.types = [{"name": "sleep", "handler": "sleep"}, {"name": "nap", "handler": "sleep"}]
    bench.send(1, route="nap/sleep")
    assert bench.dequeuer.turn()
    assert len(bench.started) == 1


def test_a_worker_that_is_always_busy_finds_a_new_route_too(bench: Bench) -> None:
    bench.api.types = [{"name": "sleep", "handler": "sleep"}, {"name": "nap", "handler": "sleep"}]
    bench.send(1, route="nap/sleep")
    bench.send(2)
    bench.dequeuer.turn()
    assert [run.task_id for run in bench.started] == ["task-2"]
    bench.now = LOOK_SECONDS + 1
    bench.dequeuer.turn()
    assert [run.task_id for run in bench.started] == ["task-2", "task-1"]


def test_a_message_says_by_its_route_whether_it_can_be_run_here_and_nobody_is_asked(bench: Bench) -> None:
    """The type has gone on to a handler of ours, or from it to another one: the task's own handler counts."""
    bench.api.types = [{"name": "resize", "handler": "sleep"}, {"name": "nap", "handler": "resize"}]
    bench.api.task_types = lambda: pytest.fail("it asks")  # type: ignore[method-assign]
    bench.send(1, route="resize")
    assert not bench.dequeuer.turn()
    bench.send(2, route="nap/sleep")
    assert bench.dequeuer.turn()
    assert [run.task_id for run in bench.started] == ["task-2"]


def test_a_paused_dequeuer_takes_nothing_until_it_resumes(bench: Bench) -> None:
    bench.thread.start()
    bench.dequeuer.pause()
    until(lambda: bench.dequeuer.is_paused)
    bench.send(1)
    bench.dequeuer.pause()
    until(lambda: not bench.bell.rung.is_set())
    assert len(bench.queue.letters) == 1
    assert bench.api.reports == []
    bench.dequeuer.resume()
    assert not bench.dequeuer.is_paused
    until(lambda: len(bench.started) == 1)


def test_messages_that_were_taken_when_the_pause_came_go_back(bench: Bench) -> None:
    take = bench.queue.take

    def paused_meanwhile(routes: Collection[str], limit: int) -> list[RoutedMessage]:
        letters = take(routes, limit)
        bench.dequeuer.pause()
        return letters

    bench.queue.take = paused_meanwhile  # type: ignore[method-assign]
    bench.send(1, 2)
    assert not bench.dequeuer.turn()
    assert [letter.message.task_id for letter in bench.queue.letters] == ["task-1", "task-2"]
    assert (bench.api.reports, bench.runs.held(), bench.slots.free) == ([], [], 3)


def test_what_was_being_claimed_when_the_pause_came_runs_and_only_then_it_is_paused(bench: Bench) -> None:
    bench.api.gate.clear()
    bench.thread.start()
    bench.send(1)
    assert bench.api.entered.acquire(timeout=10)
    bench.dequeuer.pause()
    assert not bench.dequeuer.is_paused, "a claim is under way"
    bench.api.gate.set()
    until(lambda: bench.dequeuer.is_paused)
    assert [run.task_id for run in bench.started] == ["task-1"]


def test_a_paused_dequeuer_stops(bench: Bench) -> None:
    bench.thread.start()
    bench.dequeuer.pause()
    until(lambda: bench.dequeuer.is_paused)
    bench.dequeuer.stop()
    bench.thread.join(10)
    assert not bench.thread.is_alive()


@pytest.fixture
def fair() -> Iterator[Bench]:
    """A dequeuer of eight slots, two of which are reserved, that serves two types."""
    bench = Bench(8, 2)
    bench.api.types.append({"name": "nap", "handler": "sleep"})
    bench.registry.refresh()
    yield bench
    bench.dequeuer.stop()
    if bench.thread.ident is not None:
        bench.thread.join(10)


def turns(bench: Bench) -> list[str]:
    """Let it take what it can, and return what it has started with that."""
    before = len(bench.started)
    while bench.dequeuer.turn():
        pass
    return [run.task_id for run in bench.started[before:]]


def test_a_type_leaves_the_last_slots_to_others_and_to_what_is_urgent(fair: Bench) -> None:
    fair.send(*range(20))
    assert len(turns(fair)) == 6
    fair.send(30, 31, priority=5)
    assert turns(fair) == ["task-30"], "one that is more urgent than all that runs"
    fair.send(40, 41, route="nap/sleep")
    assert turns(fair) == ["task-40"]
    assert fair.slots.free == 0


def test_a_slot_that_is_given_back_goes_to_whoever_waits_whether_the_last_ones_are_free_or_not(fair: Bench) -> None:
    fair.thread.start()
    fair.send(*range(20))
    until(lambda: len(fair.started) == 6)
    fair.started[0].complete(None)
    fair.slots.give_back()
    until(lambda: len(fair.started) == 7)


def test_a_run_whose_end_was_said_holds_no_share(fair: Bench) -> None:
    fair.send(*range(6))
    turns(fair)
    for run in fair.started:
        run.complete(None)
    fair.slots.give_back(5)
    fair.slots.take(5)
    fair.send(30)
    assert turns(fair) == ["task-30"]
