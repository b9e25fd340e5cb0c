"""The dispatcher, on a real store, with a queue whose messages the test can take and lose."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import peewee
import pytest

from waybill.domain.report import Report
from waybill.domain.route import type_of
from waybill.domain.status import ErrorCode, Outcome, Status
from waybill.domain.task import TaskError
from waybill.domain.task_type import TaskType
from waybill.host.world import REAL, World
from waybill.queue.errors import QueueUnavailable
from waybill.queue.message import Message, QueuedMessage, RoutedMessage
from waybill.queue.queue import Queue
from waybill_api.store import commands, tables
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.store import Store
from waybill_api.store.tables import task_types
from waybill_api.upkeep import dispatcher as module
from waybill_api.upkeep import window as window_module
from waybill_api.upkeep.dispatcher import Dispatcher
from waybill_api.upkeep.lost_messages import PATIENCE

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
pytestmark = pytest.mark.gen_test
CLAIM = "a" * 32


def _set() -> Event:
    event = Event()
    event.set()
    return event


@dataclass
class FakeQueue(Queue):
    """What lies on it, what was ever sent, and whether it is broken."""

    generation: int = 0
    letters: list[RoutedMessage] = field(default_factory=list)
    sent: list[tuple[str, int, Message]] = field(default_factory=list)
    broken: bool = False
    rings: int = 0
    looks: int = 0
    may_send: Event = field(default_factory=_set)
    is_sending: bool = False

    def send(self, messages: Sequence[tuple[str, int, Message]]) -> None:
        self.is_sending = True
        self.may_send.wait(10)
        self.is_sending = False
        if self.broken:
            raise QueueUnavailable("disk I/O error")
        self.sent += messages
        self.letters += [RoutedMessage(*message) for message in messages]

    @property
    def present(self) -> list[Message]:
        return [letter.message for letter in self.letters]

    def lose(self, message: Message) -> None:
        self.letters = [letter for letter in self.letters if letter.message != message]

    def queued(self) -> list[QueuedMessage]:
        self.looks += 1
        return [QueuedMessage(number, route, message) for number, (route, _, message) in enumerate(self.letters)]

    def remove(self, numbers: Sequence[int]) -> None:
        self.letters = [letter for number, letter in enumerate(self.letters) if number not in numbers]

    def take_back(self, route: str, limit: int) -> list[Message]:
        last = sorted((letter for letter in self.letters if letter.route == route), key=lambda one: one.priority)[
            :limit
        ]
        self.letters = [letter for letter in self.letters if letter not in last]
        return [letter.message for letter in last]

    def ring(self) -> None:
        self.rings += 1

    def close(self) -> None:
        pass

    def _use(self, work: Any) -> Any:
        raise NotImplementedError

    def replaced(self) -> None:
        self.letters.clear()
        self.generation += 1


@asynccontextmanager
async def dispatching(store: Store, queue: FakeQueue, world: World = REAL) -> AsyncIterator[Dispatcher]:
    deaths: list[None] = []
    dispatcher = Dispatcher(store.path, queue, queue.ring, store.clock, lambda: deaths.append(None), world)
    store.listen(dispatcher.notice)
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        dispatcher.stop()
        assert not deaths


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def settled(store: Store, queue: FakeQueue) -> None:
    """Wait until a task created now has been sent: everything before it has been, too."""
    await store.write(
        commands.task_types.create, TaskType(name="last", handler="sleep", processing_time=0, priority=-100)
    )
    [task_id] = await store.write(commands.tasks.create, [TaskDraft(name="last", type="last")])
    await until(lambda: any(message.task_id == task_id for _, _, message in queue.sent))


def draft(**fields: Any) -> TaskDraft:
    common: dict[str, Any] = {"name": "n", "processing_time": 1}
    return TaskDraft(**common | fields)


def claim(task_id: str, **fields: Any) -> Report:
    common: dict[str, Any] = {"task_id": task_id, "run": 1, "claim": CLAIM, "source": "w", "status": Status.PROCESSING}
    return Report(**common | fields)


def sent(queue: FakeQueue) -> list[str]:
    return [message.task_id for route, _, message in queue.sent if type_of(route) != "last"]


async def test_what_a_commit_makes_due_is_sent_once_with_its_route_and_priority(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        [task_id] = await store.write(commands.tasks.create, [draft(priority=5)])
        await until(lambda: bool(queue.rings))
        assert queue.sent == [("sleep", 5, Message(task_id, 1))]
        await settled(store, queue)
        assert sent(queue) == [task_id]


async def test_a_start_sends_what_is_due_but_not_what_lies_on_the_queue_already(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store:
        there, claimed, missing = await store.write(commands.tasks.create, [draft(), draft(), draft()])
        await store.insist(commands.reports.report, [claim(claimed)])
        queue.letters.append(RoutedMessage("sleep", 0, Message(there, 1)))
        async with dispatching(store, queue):
            await until(lambda: bool(queue.sent))
            await settled(store, queue)
        assert sent(queue) == [missing]


async def test_a_backlog_stays_as_rows_and_flows_in_as_the_window_empties(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_module, "WINDOW", 4)
    monkeypatch.setattr(module, "WINDOW", 4)
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        ids = await store.write(commands.tasks.create, [draft() for _ in range(20)])
        await until(lambda: len(queue.sent) == 4)
        for number, task_id in enumerate(ids, 1):
            await until(lambda: len(queue.sent) >= number)  # noqa: B023 - it is awaited at once
            assert len(queue.sent) <= number - 1 + 4
            await store.insist(commands.reports.report, [claim(task_id)])
        await settled(store, queue)
        assert sent(queue) == ids


async def test_each_lane_has_a_window_of_its_own(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_module, "WINDOW", 2)
    monkeypatch.setattr(module, "WINDOW", 2)
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        await store.write(commands.tasks.create, [draft() for _ in range(5)])
        [urgent] = await store.write(commands.tasks.create, [draft(priority=9)])
        await until(lambda: Message(urgent, 1) in queue.present)
        assert len(queue.sent) == 3


async def test_each_stage_has_a_route_of_its_own_and_is_sent_when_the_one_before_has_ended(
    open_store: OpenStore,
) -> None:
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        await store.write(commands.task_types.create, TaskType(name="clean", stages=("fetch", "parse")))
        [task_id] = await store.write(commands.tasks.create, [draft(type="clean")])
        await until(lambda: queue.sent == [("clean/fetch", 0, Message(task_id, 1))])
        await store.insist(commands.reports.report, [claim(task_id), claim(task_id, status=Status.COMPLETED)])
        await until(lambda: queue.sent[1:] == [("clean/parse", 0, Message(task_id, 2))])


async def test_a_start_finds_the_stages_that_are_due(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store:
        await store.write(commands.task_types.create, TaskType(name="clean", stages=("fetch", "parse")))
        first, second, _ = await store.write(commands.tasks.create, [draft(type="clean"), draft(type="clean"), draft()])
        await store.insist(commands.reports.report, [claim(second), claim(second, status=Status.COMPLETED)])
        async with dispatching(store, queue):
            await until(lambda: len(queue.sent) == 3)
            routes = {message.task_id: route for route, _, message in queue.sent}
            assert (routes[first], routes[second]) == ("clean/fetch", "clean/parse")


async def test_a_paused_pipeline_holds_back_all_of_its_stages(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        await store.write(commands.task_types.create, TaskType(name="clean", stages=("fetch", "parse"), paused=True))
        [task_id] = await store.write(commands.tasks.create, [draft(type="clean")])
        await settled(store, queue)
        assert sent(queue) == []
        await store.write(commands.task_types.change, "clean", {"paused": False})
        await until(lambda: sent(queue) == [task_id])


async def test_a_retry_with_a_backoff_is_sent_when_its_time_has_come(open_store: OpenStore) -> None:
    queue = FakeQueue()
    failed = {"status": Status.ERROR, "error": TaskError(ErrorCode.FAILED, "no")}
    async with open_store() as store, dispatching(store, queue):
        await store.write(
            commands.task_types.create, TaskType(name="flaky", handler="sleep", max_attempts=2, min_backoff=0.1)
        )
        [task_id] = await store.write(commands.tasks.create, [draft(type="flaky")])
        await store.insist(commands.reports.report, [claim(task_id), claim(task_id, **failed)])
        due_at = store.look_up(tables.tasks.load, task_id).due_at
        assert due_at is not None
        await until(lambda: Message(task_id, 2) in queue.present)
        assert store.clock.now() >= due_at


async def test_a_waiting_retry_is_found_again_after_a_restart(open_store: OpenStore) -> None:
    queue = FakeQueue()
    failed = {"status": Status.ERROR, "error": TaskError(ErrorCode.FAILED, "no")}
    async with open_store() as store:
        await store.write(
            commands.task_types.create, TaskType(name="flaky", handler="sleep", max_attempts=2, min_backoff=0.3)
        )
        [task_id] = await store.write(commands.tasks.create, [draft(type="flaky")])
        await store.insist(commands.reports.report, [claim(task_id), claim(task_id, **failed)])
    async with open_store() as store, dispatching(store, queue):
        await until(lambda: sent(queue) == [task_id])
        assert (store.look_up(tables.tasks.load, task_id).due_at or 0) <= store.clock.now()


async def test_nothing_is_sent_of_a_type_paused_while_the_dispatcher_was_busy(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        queue.may_send.clear()
        [before] = await store.write(commands.tasks.create, [draft()])
        await until(lambda: queue.is_sending)
        await store.write(commands.task_types.change, "sleep", {"paused": True})
        await store.write(commands.tasks.create, [draft()])
        queue.may_send.set()
        await settled(store, queue)
        assert sent(queue) == [before]


async def test_a_paused_type_is_held_back_and_sent_when_it_is_resumed(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        await store.write(commands.task_types.change, "sleep", {"paused": True})
        [task_id] = await store.write(commands.tasks.create, [draft()])
        await settled(store, queue)
        assert sent(queue) == []
        await store.write(commands.task_types.change, "sleep", {"paused": False})
        await until(lambda: sent(queue) == [task_id])


async def test_a_deleted_queue_file_is_filled_again(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        ids = await store.write(commands.tasks.create, [draft() for _ in range(3)])
        await until(lambda: len(queue.present) == 3)
        await store.insist(commands.reports.report, [claim(ids[0])])
        queue.replaced()
        await until(lambda: {message.task_id for message in queue.present} == set(ids[1:]))


async def test_a_message_that_got_lost_is_sent_again(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    monkeypatch.setattr(module, "TICK", 0.02)
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        lost, waiting = await store.write(commands.tasks.create, [draft(), draft()])
        await until(lambda: len(queue.present) == 2)
        queue.lose(Message(lost, 1))
        await until(lambda: sent(queue) == [lost, waiting, lost])


async def test_commits_beside_a_backlog_do_not_have_the_queue_read_each_time(
    open_store: OpenStore,
) -> None:
    at = 0.0
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue, World(monotonic=lambda: at)):
        for count in range(1, 61):
            await store.write(commands.tasks.create, [draft()])
            await until(lambda: len(queue.sent) == count)  # noqa: B023 - it is awaited at once
            at += PATIENCE / 10
        assert 0 < queue.looks <= 1 + 6, "it is read once for as long as a message is waited for, however many come"


async def test_what_a_gone_worker_took_along_is_sent_again_at_once(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        taken, held = await store.write(commands.tasks.create, [draft(), draft()])
        await until(lambda: len(queue.present) == 2)
        queue.letters.clear()
        assert (await store.insist(commands.reports.report, [claim(held)]))[0].outcome is Outcome.APPLIED
        await store.insist(commands.runs.gone, "w", crashed=True)
        await until(lambda: set(queue.present) == {Message(taken, 1), Message(held, 2)})


async def test_what_was_sent_before_the_hint_of_its_commit_came_is_not_sent_for_it(open_store: OpenStore) -> None:
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue) as dispatcher:
        store.listen(dispatcher.notice)
        task_ids = await store.write(commands.tasks.create, [draft(), draft()])
        await settled(store, queue)
        assert [sent(queue).count(task_id) for task_id in task_ids] == [1, 1]


async def test_a_run_claimed_and_failed_in_one_commit_is_not_looked_for(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    monkeypatch.setattr(module, "TICK", 0.02)
    queue = FakeQueue()
    failed = {"status": Status.ERROR, "error": TaskError(ErrorCode.FAILED, "no")}
    async with open_store() as store, dispatching(store, queue):
        await store.write(
            commands.task_types.create, TaskType(name="flaky", handler="sleep", max_attempts=2, min_backoff=0.01)
        )
        [task_id] = await store.write(commands.tasks.create, [draft(type="flaky")])
        await until(lambda: Message(task_id, 1) in queue.present)
        await store.insist(commands.reports.report, [claim(task_id), claim(task_id, **failed)])
        await until(lambda: Message(task_id, 2) in queue.present)
        queue.present.remove(Message(task_id, 1))
        [other] = await store.write(commands.tasks.create, [draft()])
        await until(lambda: Message(other, 1) in queue.present)
        queue.lose(Message(other, 1))
        await until(lambda: sent(queue).count(other) == 2)
        assert [message.run for _, _, message in queue.sent if message.task_id == task_id] == [1, 2]


async def test_a_queue_that_cannot_be_written_is_tried_again(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.02)
    queue = FakeQueue(broken=True)
    async with open_store() as store, dispatching(store, queue):
        [task_id] = await store.write(commands.tasks.create, [draft()])
        await asyncio.sleep(0.1)
        queue.broken = False
        await until(lambda: sent(queue) == [task_id])


@pytest.mark.parametrize("error", [peewee.OperationalError("locked"), sqlite3.DatabaseError("bad"), OSError("busy")])
async def test_types_that_cannot_be_read_are_tried_again_from_the_start_on(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(module, "TICK", 0.02)
    paused: Callable[[Any], frozenset[str]] = task_types.paused
    queue, tried = FakeQueue(), list[None]()

    def fails_twice(database: Any) -> frozenset[str]:
        tried.append(None)
        if len(tried) <= 2:
            raise error
        return paused(database)

    monkeypatch.setattr(task_types, "paused", fails_twice)
    async with open_store() as store, dispatching(store, queue):
        [task_id] = await store.write(commands.tasks.create, [draft()])
        await until(lambda: sent(queue) == [task_id])
        assert len(tried) > 2


async def test_a_cancelled_task_frees_its_place(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_module, "WINDOW", 2)
    monkeypatch.setattr(module, "WINDOW", 2)
    queue = FakeQueue()
    async with open_store() as store, dispatching(store, queue):
        ids = await store.write(commands.tasks.create, [draft() for _ in range(3)])
        await until(lambda: len(queue.sent) == 2)
        await store.write(commands.tasks.cancel, ids[0])
        await until(lambda: sent(queue) == ids)


async def test_however_many_priorities_a_route_has_it_holds_no_more_than_its_window(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is more urgent takes the place of what is less so, which waits as a row again; nothing is lost."""
    monkeypatch.setattr(window_module, "WINDOW", 6)
    monkeypatch.setattr(module, "WINDOW", 6)
    async with open_store() as store:
        queue = FakeQueue()
        async with dispatching(store, queue) as dispatcher:
            ids: dict[int, list[str]] = {}
            for priority in (-100, -7, 0, 3, 50):
                ids[priority] = await store.write(commands.tasks.create, [draft(priority=priority)] * 4)
            await until(lambda: {message.task_id for message in queue.present} >= set(ids[50]))
            await until(lambda: len(queue.letters) == 6)
            assert sorted(letter.priority for letter in queue.letters) == [3, 3, 50, 50, 50, 50]
            assert dispatcher.outstanding == 6
            done: set[str] = set()
            for _ in range(20):
                await until(lambda: bool(queue.letters))
                best = max(queue.letters, key=lambda letter: letter.priority)
                queue.lose(best.message)
                done.add(best.message.task_id)
                assert [
                    one.outcome for one in await store.insist(commands.reports.report, [claim(best.message.task_id)])
                ] == [Outcome.APPLIED]
            assert done == {task_id for some in ids.values() for task_id in some}
            assert dispatcher.outstanding <= 6


async def test_an_urgent_task_is_sent_at_once_beside_a_full_window(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_module, "WINDOW", 4)
    monkeypatch.setattr(module, "WINDOW", 4)
    async with open_store() as store:
        await store.write(commands.tasks.create, [draft()] * 50)
        queue = FakeQueue()
        async with dispatching(store, queue):
            await until(lambda: len(queue.letters) == 4)
            for number in range(1, 9):
                (urgent,) = await store.write(commands.tasks.create, [draft(priority=number)])
                await until(lambda urgent=urgent: Message(urgent, 1) in queue.present)  # type: ignore[misc]
                await until(lambda: len(queue.letters) == 4)


async def test_what_an_older_version_has_sent_on_another_route_is_sent_again_and_taken_off(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    monkeypatch.setattr(module, "TICK", 0.05)
    async with open_store() as store:
        await store.write(commands.task_types.create, TaskType(name="nap", handler="doze", processing_time=1))
        (task_id,) = await store.write(commands.tasks.create, [draft(type="nap")])
        queue = FakeQueue(
            letters=[RoutedMessage("nap", 0, Message(task_id, 1)), RoutedMessage("sleep", 0, Message("unheard-of", 1))]
        )
        async with dispatching(store, queue):
            await until(lambda: queue.letters == [RoutedMessage("nap/doze", 0, Message(task_id, 1))])
