"""What nobody serves: it waits, and ends where its type says so, counted only while the API serves."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from waybill.domain.report import Report
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task_type import TaskType
from waybill_api.store import commands, tables
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.store import Store
from waybill_api.upkeep.unserved import Unserved
from waybill_api.upkeep.workers import LEASE, Beat, Workers

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
pytestmark = pytest.mark.gen_test

ROTATE = TaskType(name="rotate", handler="rotate", processing_time=1, no_handler_after=5)
PIPELINE = TaskType(name="file", stages=("check", "store"), no_handler_after=5)


class Watch:
    """Unserved, with workers that beat when they are told to, and a clock that is ahead of every task."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.workers = Workers(store)
        self.unserved = Unserved(store, self.workers)

    async def create(self, task_type: TaskType) -> str:
        await self.store.write(commands.task_types.create, task_type)
        return (await self.store.write(commands.tasks.create, [TaskDraft(name="n", type=task_type.name)]))[0]

    async def serve(self, seconds: int, step: int = 1) -> None:
        """Let the API serve that long, and look every so many seconds; tasks become older with it."""
        now = self.store.clock.now
        self.store.clock.now = lambda: now() + 1_000 * seconds  # type: ignore[method-assign]
        for _ in range(0, seconds, step):
            await self.unserved.tick(step)

    async def beat(self, routes: Sequence[str]) -> None:
        await self.workers.beat("w-1", Beat(routes=tuple(routes), slots=1))

    def error(self, task_id: str) -> ErrorCode | None:
        error = self.store.look_up(tables.tasks.load, task_id).error
        return None if error is None else error.code


async def test_a_task_that_nobody_serves_ends_after_the_time_of_its_type(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        task_id = await watch.create(ROTATE)
        await watch.serve(4)
        assert store.look_up(tables.tasks.load, task_id).status is Status.NEW
        await watch.serve(1)
        assert watch.error(task_id) is ErrorCode.NO_HANDLER
        (*_, last) = await store.read(tables.events.page, task_id, 0, 10)
        assert (last.kind.value, last.task_status, last.said) == ("timeout", Status.ERROR, {"route": "rotate"})


async def test_without_that_time_it_waits(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        task_id = await watch.create(TaskType(name="rotate", handler="rotate", processing_time=1))
        await watch.serve(10_000, step=20)
        assert store.look_up(tables.tasks.load, task_id).status is Status.NEW


async def test_a_worker_that_serves_it_stops_the_count(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        task_id = await watch.create(ROTATE)
        await watch.serve(4)
        await watch.beat(["rotate"])
        await watch.serve(4)
        watch.workers.age(LEASE)
        await watch.serve(4)
        assert store.look_up(tables.tasks.load, task_id).status is Status.NEW, (
            "the worker is lost, and the count begins anew"
        )
        await watch.serve(1)
        assert watch.error(task_id) is ErrorCode.NO_HANDLER


async def test_a_worker_for_something_else_serves_it_not(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        task_id = await watch.create(PIPELINE)
        await watch.beat(["file/store"])
        await watch.serve(5)
        assert watch.error(task_id) is ErrorCode.NO_HANDLER


async def test_what_is_claimed_or_paused_is_not_given_up(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        claimed = await watch.create(ROTATE)
        claim = Report(task_id=claimed, run=1, claim="c" * 32, source="w-1", status=Status.PROCESSING)
        assert (await store.insist(commands.reports.report, [claim]))[0].outcome.is_acknowledged
        paused = await watch.create(TaskType(name="wait", handler="wait", processing_time=1, no_handler_after=5))
        await store.write(commands.task_types.change, "wait", {"paused": True})
        await watch.serve(60)
        assert store.look_up(tables.tasks.load, claimed).status is Status.PROCESSING
        assert store.look_up(tables.tasks.load, paused).status is Status.NEW


async def test_a_task_that_has_just_come_has_the_whole_time(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        await watch.create(ROTATE)
        await watch.serve(4)
        (late,) = await store.write(commands.tasks.create, [TaskDraft(name="n", type="rotate")])
        watch.unserved._waited["rotate"] = 100.0
        await watch.unserved.tick(1.0)
        assert store.look_up(tables.tasks.load, late).status is Status.NEW


async def test_an_api_that_does_not_serve_gives_up_nothing(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        task_id = await watch.create(ROTATE)
        now = store.clock.now
        store.clock.now = lambda: now() + 3_600_000  # type: ignore[method-assign]
        await watch.unserved.tick(1.0)
        assert store.look_up(tables.tasks.load, task_id).status is Status.NEW


async def test_very_many_end_in_portions(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        await store.write(commands.task_types.create, ROTATE)
        task_ids = await store.write(commands.tasks.create, [TaskDraft(name="n", type="rotate")] * 1_200)
        await watch.serve(7)
        assert {watch.error(task_id) for task_id in task_ids} == {ErrorCode.NO_HANDLER}
