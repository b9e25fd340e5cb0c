"""Leases: who is alive, and what happens to the runs of who is not."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from waybill.domain.errors import WorkerGone, WorkerNotFound
from waybill.domain.report import Report
from waybill.domain.status import Status
from waybill.domain.task_type import TaskType
from waybill_api.store import commands, tables
from waybill_api.store.commands.runs import HeldRun
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.store import Store
from waybill_api.store.tables import tasks
from waybill_api.upkeep.reaper import Reaper
from waybill_api.upkeep.workers import LEASE, Beat, Workers

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
pytestmark = pytest.mark.gen_test
CLAIM = "a" * 32


async def running(store: Store) -> str:
    [task_id] = await store.write(commands.tasks.create, [TaskDraft(name="n", processing_time=1)])
    await store.insist(
        commands.reports.report, [Report(task_id=task_id, run=1, claim=CLAIM, source="w", status=Status.PROCESSING)]
    )
    return task_id


async def ticks(reaper: Reaper, seconds: float) -> None:
    for _ in range(int(seconds)):
        await reaper.tick(1.0)


async def test_a_worker_that_falls_silent_for_a_lease_loses_its_runs(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        reaper = Reaper(store, workers)
        task_id = await running(store)
        listed = Beat(runs=(HeldRun(task_id, 1, CLAIM),))
        await workers.beat("w", listed)
        await ticks(reaper, LEASE - 1)
        await workers.beat("w", listed)
        await ticks(reaper, LEASE - 1)
        assert store.look_up(tables.tasks.load, task_id).run == 1
        await reaper.tick(1.0)
        task = store.look_up(tables.tasks.load, task_id)
        assert (task.run, task.crashes, task.claim) == (2, 1, None)
        assert workers.known() == []
        with pytest.raises(WorkerGone):
            await workers.beat("w", Beat())


async def test_a_worker_that_never_beat_has_a_lease_too(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        reaper = Reaper(store, workers)
        task_id = await running(store)
        await ticks(reaper, LEASE - 1)
        assert store.look_up(tables.tasks.load, task_id).run == 1
        await ticks(reaper, 1)
        assert store.look_up(tables.tasks.load, task_id).run == 2
        assert workers.known() == []


async def test_a_run_that_no_beat_lists_for_a_lease_is_released_without_a_crash(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        reaper = Reaper(store, workers)
        task_id = await running(store)
        listed = Beat(runs=(HeldRun(task_id, 1, CLAIM),))
        for beat in (Beat(), listed, Beat()):
            await workers.beat("w", beat)
            await ticks(reaper, LEASE - 1)
            assert store.look_up(tables.tasks.load, task_id).run == 1
        await workers.beat("w", Beat())
        assert store.look_up(tables.tasks.load, task_id).run == 1
        await ticks(reaper, 1)
        await workers.beat("w", Beat())
        task = store.look_up(tables.tasks.load, task_id)
        assert (task.run, task.crashes) == (2, 0)
        assert await workers.beat("w", listed) == [(task_id, 1)]


async def test_old_beats_that_come_all_at_once_after_a_claim_take_no_run(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        task_id = await running(store)
        for _ in range(3):
            await workers.beat("w", Beat())
        assert store.look_up(tables.tasks.load, task_id).run == 1


async def test_a_worker_that_stops_is_gone_at_once(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        task_id = await running(store)
        await workers.beat("w", Beat(slots=3))
        assert [presence.beat.slots for presence in workers.known() if presence.beat] == [3]
        assert await workers.gone("w", crashed=False) == 1
        assert (store.look_up(tables.tasks.load, task_id).run, store.look_up(tables.tasks.load, task_id).crashes) == (
            2,
            0,
        )
        assert workers.known() == []


async def test_a_beat_that_is_answered_after_the_farewell_brings_nobody_back(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        await asyncio.gather(workers.beat("w", Beat()), workers.gone("w", crashed=False), return_exceptions=True)
        assert workers.known() == []
        beat = asyncio.ensure_future(workers.beat("v", Beat()))
        await store.insist(commands.runs.gone, "v", crashed=False)
        with pytest.raises(WorkerGone):
            await beat
        assert workers.known() == []
        workers.watch(["w", "v"])
        assert workers.age(LEASE) == []


async def test_the_wish_to_drain_outlives_the_api_but_not_the_worker(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        await workers.beat("w", Beat())
        await workers.drain("w", wanted=True)
    async with open_store() as store:
        workers = Workers(store)
        with pytest.raises(WorkerNotFound):
            await workers.drain("w", wanted=True)
        await workers.beat("w", Beat())
        assert workers.is_to_drain("w")
    async with open_store() as store:
        reaper = Reaper(store, Workers(store))
        await ticks(reaper, LEASE)
        assert await store.read(tables.workers.holders) == [], "it never came back, and nothing is left of it"
        assert not store.look_up(tables.workers.is_draining, "w")
        assert store.look_up(tables.workers.is_gone, "w")


async def test_a_worker_that_drains_serves_its_routes_but_takes_nothing(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        await workers.beat("a", Beat(routes=("sleep", "resize"), draining=True))
        await workers.beat("b", Beat(routes=("sleep",)))
        assert (workers.served(), workers.taken()) == ({"sleep", "resize"}, {"sleep"})


async def test_a_worker_says_which_handlers_it_has_and_an_old_one_which_routes_it_serves(open_store: OpenStore) -> None:
    async with open_store() as store:
        workers = Workers(store)
        await store.write(commands.task_types.create, TaskType(name="nap", handler="doze", processing_time=1))
        await workers.beat("new", Beat(routes=("nap/doze", "sleep"), handlers=("doze", "sleep", "spare")))
        assert workers.served() == {"doze", "sleep", "spare"}
        await workers.gone("new", crashed=False)
        await workers.beat("old", Beat(routes=("nap", "sleep", "file/store", "unheard-of")))
        assert workers.served() == workers.taken() == {"doze", "sleep", "store", "unheard-of"}
        await workers.beat("old", Beat(routes=("nap",), draining=True))
        assert (workers.served(), workers.taken()) == ({"doze"}, set())


async def test_a_beat_reads_no_more_of_large_tasks_than_who_runs_them(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker beats every few seconds with hundreds of runs, and a task may hold 60 KB."""
    async with open_store() as store:
        held = [await running(store) for _ in range(3)]
        workers = Workers(store)
        monkeypatch.setattr(tasks, "task_of", lambda row: pytest.fail("it reads a whole task"))
        listed = [HeldRun(task_id, 1, CLAIM, elapsed=1.0) for task_id in held[:2]]
        assert await workers.beat("w", Beat(runs=(*listed, HeldRun("unheard-of", 1, CLAIM, elapsed=9_999.0)))) == [
            ("unheard-of", 1)
        ]
        monkeypatch.undo()
        late = HeldRun(held[0], 1, CLAIM, elapsed=62.0)
        assert await workers.beat("w", Beat(runs=(late,))) == [(held[0], 1)]
        assert store.look_up(tables.tasks.load, held[0]).error is not None
