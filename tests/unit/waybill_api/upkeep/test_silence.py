"""Silence: only time in which the API served counts."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from throwaway.clock import HandClock
from waybill.domain.report import Report
from waybill.domain.status import Status
from waybill.domain.task_type import TaskType
from waybill_api.store import commands, tables
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine.clock import Clock
from waybill_api.store.store import Store
from waybill_api.upkeep.silence import Silence

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
pytestmark = pytest.mark.gen_test


class Watch:
    """Silence over a store whose clock is turned."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store, self.clock = store, clock
        store.clock = store._writer._clock = clock
        self.silence = Silence(store)

    async def serve(self, seconds: int) -> None:
        """Let the API serve that long."""
        for _ in range(seconds):
            self.clock.at += 1_000
            await self.silence.tick()

    def stand_still(self, seconds: int) -> None:
        self.clock.at += 1_000 * seconds

    async def create(self, *, ends: bool = False) -> str:
        name = "letter" if ends else "document"
        await self.store.write(
            commands.task_types.create, TaskType(name=name, stage_timeout=5, stage_timeout_ends=ends)
        )
        return (await self.store.write(commands.tasks.create, [TaskDraft(name="n", type=name)]))[0]

    def is_silent(self, task_id: str) -> bool:
        return self.store.look_up(tables.tasks.load, task_id).silent_at is not None


async def test_a_task_is_silent_after_its_time_and_heard_with_the_next_news(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store, HandClock(Clock().now()))
        task_id = await watch.create()
        await watch.serve(4)
        assert not watch.is_silent(task_id)
        await watch.serve(1)
        assert watch.is_silent(task_id)
        await store.insist(commands.reports.report, [Report(task_id=task_id, source="a", seq=1, stage="enrich")])
        assert not watch.is_silent(task_id)
        await watch.serve(4)
        assert not watch.is_silent(task_id)
        await watch.serve(1)
        assert watch.is_silent(task_id)


async def test_a_pause_or_a_jump_of_the_clock_is_nobodys_silence(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store, HandClock(Clock().now()))
        task_id = await watch.create()
        await watch.serve(2)
        watch.stand_still(3_600)
        await watch.serve(1)
        watch.stand_still(60)
        await watch.silence.tick()
        assert not watch.is_silent(task_id)
        await watch.serve(1)
        assert watch.is_silent(task_id)


async def test_after_a_start_there_is_fresh_time_for_all(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store, HandClock(Clock().now()))
        task_id = await watch.create()
        await watch.serve(4)
        watch.silence = Silence(store)
        await watch.serve(4)
        assert not watch.is_silent(task_id)
        await watch.serve(1)
        assert watch.is_silent(task_id)


async def test_a_task_ends_where_its_type_says_so(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store, HandClock(Clock().now()))
        task_id = await watch.create(ends=True)
        await store.insist(
            commands.reports.report, [Report(task_id=task_id, source="a", seq=1, status=Status.PROCESSING)]
        )
        await watch.serve(5)
        ended = store.look_up(tables.tasks.load, task_id)
        assert ended.error is not None
        assert (ended.status, ended.error.code) == (Status.ERROR, "timeout")
        kinds = [event.kind for event in await store.read(tables.events.page, task_id, 0, 10)]
        assert kinds == ["create", "report", "timeout"]


async def test_a_clock_that_went_back_while_the_api_was_away_keeps_nobody_waiting(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store, HandClock(Clock().now()))
        watch.clock.at += 3_600_000
        task_id = await watch.create(ends=True)
    async with open_store() as store:
        watch = Watch(store, HandClock(Clock().now()))
        await watch.serve(6)
        assert store.look_up(tables.tasks.load, task_id).status is Status.ERROR
