"""A task keeps its handler; if no worker has that and its type names another one now, it takes that one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from waybill.domain.event import EventKind
from waybill.domain.report import Report
from waybill.domain.status import Outcome, Status
from waybill.domain.task_type import TaskType
from waybill_api.store import commands, tables
from waybill_api.store.commands import following as command
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.store import Store
from waybill_api.upkeep.following import Following
from waybill_api.upkeep.workers import LEASE, Beat, Workers

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
pytestmark = pytest.mark.gen_test
CLAIM = "c" * 32


class Watch:
    """Following, with one worker that has the handlers that it is told to."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.workers = Workers(store)
        self.following = Following(store, self.workers)

    async def create(self, task_type: TaskType, count: int = 1) -> list[str]:
        await self.store.write(commands.task_types.create, task_type)
        drafts = [TaskDraft(name="n", type=task_type.name, processing_time=1, priority=one % 3) for one in range(count)]
        return await self.store.write(commands.tasks.create, drafts)

    async def have(self, *handlers: str) -> None:
        await self.workers.beat("w", Beat(handlers=handlers))

    async def serve(self, seconds: float = LEASE) -> None:
        for _ in range(int(seconds)):
            await self.following.tick(1.0)

    def handlers(self, task_ids: Sequence[str]) -> set[str | None]:
        return {self.store.look_up(tables.tasks.load, task_id).handler for task_id in task_ids}


async def test_a_handler_that_a_worker_has_runs_its_tasks_whatever_their_type_says_now(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        waiting = await watch.create(TaskType(name="rest", handler="nap"), 3)
        await store.write(commands.task_types.change, "rest", {"handler": "echo"})
        await watch.have("nap", "echo")
        await watch.serve(10 * LEASE)
        assert watch.handlers(waiting) == {"nap"}
        assert {store.look_up(tables.tasks.load, task_id).route for task_id in waiting} == {"rest/nap"}
        new = await store.write(commands.tasks.create, [TaskDraft(name="n", type="rest", processing_time=1)])
        assert [store.look_up(tables.tasks.load, task_id).route for task_id in new] == ["rest/echo"]


async def test_a_misspelt_handler_that_is_mended_has_its_waiting_tasks_run(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PORTION", 2)
    async with open_store() as store:
        watch = Watch(store)
        waiting = await watch.create(TaskType(name="rest", handler="npa"), 9)
        await watch.have("nap")
        await watch.serve()
        assert watch.handlers(waiting) == {"npa"}, "its type names no other one"
        await store.write(commands.task_types.change, "rest", {"handler": "nap", "timeout": 30})
        await watch.serve(1)
        assert watch.handlers(waiting) == {"nap"}
        task = store.look_up(tables.tasks.load, waiting[0])
        assert (task.attempt, task.run, task.status, task.timeout) == (1, 2, Status.NEW, 30)
        (*_, last) = await store.read(tables.events.page, waiting[0], 0, 10)
        assert (last.kind, last.said) == (EventKind.REROUTE, {"handler": "nap", "instead_of": "npa"})
        for run, outcome in ((1, Outcome.REFUSED), (2, Outcome.APPLIED)):
            claim = Report(task_id=waiting[0], run=run, claim=CLAIM, source="w", status=Status.PROCESSING)
            assert [one.outcome for one in await store.insist(commands.reports.report, [claim])] == [outcome]


async def test_a_worker_that_is_started_anew_has_a_lease_to_come_back_in(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        waiting = await watch.create(TaskType(name="rest", handler="nap"), 3)
        await watch.have("nap", "echo")
        await store.write(commands.task_types.change, "rest", {"handler": "echo"})
        await watch.serve()
        await watch.have("echo")
        await watch.serve(LEASE - 1)
        assert watch.handlers(waiting) == {"nap"}
        await watch.have("nap", "echo")
        await watch.serve(1)
        await watch.have("echo")
        await watch.serve(LEASE - 1)
        assert watch.handlers(waiting) == {"nap"}
        await watch.serve(1)
        assert watch.handlers(waiting) == {"echo"}


async def test_workers_that_come_back_one_by_one_all_count(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        waiting = await watch.create(TaskType(name="rest", handler="nap"), 3)
        await store.write(commands.task_types.change, "rest", {"handler": "echo"})
        await watch.serve(10 * LEASE)
        await watch.have("echo")
        await watch.serve(LEASE - 1)
        await watch.workers.beat("another", Beat(handlers=("nap",)))
        await watch.serve(10)
        assert watch.handlers(waiting) == {"nap"}


async def test_tasks_wait_while_no_worker_has_what_their_type_names_now_or_it_is_paused(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        waiting = await watch.create(TaskType(name="rest", handler="nap"), 3)
        await store.write(commands.task_types.change, "rest", {"handler": "echo"})
        await watch.have("sleep")
        await watch.serve(2 * LEASE)
        await watch.have("echo")
        await store.write(commands.task_types.change, "rest", {"paused": True})
        await watch.serve(2 * LEASE)
        assert watch.handlers(waiting) == {"nap"}
        await store.write(commands.task_types.change, "rest", {"paused": False})
        await watch.serve()
        assert watch.handlers(waiting) == {"echo"}


async def test_a_pipeline_follows_from_the_stage_that_it_waits_at_and_never_goes_back(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        passed, fresh = await watch.create(TaskType(name="clean", stages=("fetch", "prase", "store")), 2)
        for status in (Status.PROCESSING, Status.COMPLETED):
            said = Report(task_id=passed, run=1, claim=CLAIM, source="w", status=status, result="fetched")
            assert (await store.insist(commands.reports.report, [said]))[0].outcome is Outcome.APPLIED
        await watch.have("load", "parse")
        await store.write(commands.task_types.change, "clean", {"stages": ("load", "parse")})
        await watch.serve()
        assert store.look_up(tables.tasks.load, fresh).stage == "load"
        assert store.look_up(tables.tasks.load, passed).stage == "prase", "its first stage is another one now"
        await watch.serve(2 * LEASE)
        await store.write(commands.task_types.change, "clean", {"stages": ("fetch", "parse")})
        await watch.serve()
        task = store.look_up(tables.tasks.load, passed)
        assert (task.stage, task.stages, task.status) == ("parse", ("fetch", "parse"), Status.PROCESSING)
        claim = Report(task_id=passed, run=task.run, claim=CLAIM, source="w", status=Status.PROCESSING)
        (granted,) = await store.insist(commands.reports.report, [claim])
        assert granted.task is not None
        assert granted.task.input == "fetched"


async def test_a_retry_takes_the_handler_that_its_type_names_now(open_store: OpenStore) -> None:
    async with open_store() as store:
        watch = Watch(store)
        (task_id,) = await watch.create(TaskType(name="rest", handler="nap"))
        await store.write(commands.task_types.change, "rest", {"handler": "echo", "max_attempts": 5, "timeout": 9})
        await store.write(commands.tasks.cancel, task_id)
        await store.write(commands.tasks.retry, task_id)
    async with open_store() as store:
        task = store.look_up(tables.tasks.load, task_id)
        assert (task.handler, task.route, task.max_attempts, task.timeout) == ("echo", "rest/echo", 5, 9)
        assert (task.attempt, task.status) == (2, Status.NEW)


async def test_what_cannot_follow_is_not_looked_at_again_before_its_type_changes(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store() as store:
        watch = Watch(store)
        (passed,) = await watch.create(TaskType(name="clean", stages=("fetch", "prase")))
        for status in (Status.PROCESSING, Status.COMPLETED):
            said = Report(task_id=passed, run=1, claim=CLAIM, source="w", status=status)
            await store.insist(commands.reports.report, [said])
        await watch.have("load")
        await store.write(commands.task_types.change, "clean", {"stages": ("load", "parse")})
        await watch.serve()
        monkeypatch.setattr(command, "follow", lambda *_: pytest.fail("it looks again"))
        await watch.serve(5)
