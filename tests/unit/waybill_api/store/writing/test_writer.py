"""The writer: groups, and what happens when one of a group goes wrong."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from itertools import pairwise
from threading import Event

import pytest

from waybill.domain.errors import Overloaded, StorageFull, TaskNotFound
from waybill_api.search.query import Query
from waybill_api.store import commands
from waybill_api.store.commands import tasks as task_commands
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine import write_ahead_log
from waybill_api.store.finding import finder
from waybill_api.store.store import Store
from waybill_api.store.writing import writer as module
from waybill_api.store.writing.unit import Commit, Unit
from waybill_api.store.writing.writer import WriterStopped

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
pytestmark = pytest.mark.gen_test
DRAFT = TaskDraft(name="n", processing_time=1)


async def names(store: Store) -> list[str]:
    return [task.name for task in (await store.read(finder.find, Query(), None, 100, newest=False)).tasks]


async def hold(store: Store) -> Event:
    """Keep the writer inside a transaction until the event is set, so that what is submitted meanwhile gathers."""
    entered, opened = Event(), Event()

    def wait(unit: Unit) -> None:
        entered.set()
        opened.wait(10)

    store._writer.submit(wait)
    assert await asyncio.get_running_loop().run_in_executor(None, entered.wait, 10)
    return opened


async def test_what_gathers_while_a_commit_is_under_way_is_committed_together(open_store: OpenStore) -> None:
    async with open_store() as store:
        commits: list[Commit] = []
        store.listen(commits.append)
        gate = await hold(store)
        creates = [asyncio.ensure_future(store.write(commands.tasks.create, [DRAFT])) for _ in range(50)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*creates)
        assert [len(commit.changes) for commit in commits] == [0, 50]


async def test_a_transaction_that_takes_long_takes_in_no_more_and_who_was_first_is_answered_first(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_GROUP", 0.0)
    async with open_store() as store:
        commits: list[Commit] = []
        store.listen(commits.append)
        gate = await hold(store)
        creates = [asyncio.ensure_future(store.write(commands.tasks.create, [DRAFT] * size)) for size in (1, 2, 3)]
        await asyncio.sleep(0)
        gate.set()
        assert [len(made) for made in await asyncio.gather(*creates)] == [1, 2, 3]
        assert [(commit.operations, len(commit.changes)) for commit in commits] == [(1, 0), (1, 1), (1, 2), (1, 3)]


async def test_a_future_resolves_only_after_the_commit(open_store: OpenStore) -> None:
    async with open_store() as store:
        seen: list[bool] = []
        reader = sqlite3.connect(store.path, check_same_thread=False)
        store.listen(lambda commit: seen.append(reader.execute("SELECT count(*) FROM tasks").fetchone() == (1,)))
        await store.write(commands.tasks.create, [DRAFT])
        assert seen == [True]
    reader.close()


async def test_a_bad_operation_fails_alone(open_store: OpenStore) -> None:
    def breaks_a_rule(unit: Unit) -> None:
        unit.connection.execute("UPDATE tasks SET status = 9")

    def has_a_bug(unit: Unit) -> None:
        task_commands.create(unit, [TaskDraft(name="never", processing_time=1)], None)
        raise KeyError("bug")

    def changes_its_mind(unit: Unit) -> None:
        task_commands.create(unit, [TaskDraft(name="never", processing_time=1)], None)
        raise TaskNotFound

    async with open_store() as store:
        await store.write(commands.tasks.create, [DRAFT])
        gate = await hold(store)
        wishes = [
            asyncio.ensure_future(wish)
            for wish in (
                store.write(commands.tasks.create, [DRAFT]),
                store._writer.submit(breaks_a_rule),
                store._writer.submit(has_a_bug),
                store._writer.submit(changes_its_mind),
                store.write(commands.tasks.create, [DRAFT]),
            )
        ]
        await asyncio.sleep(0)
        gate.set()
        first, rule, bug, mind, last = await asyncio.gather(*wishes, return_exceptions=True)
        assert isinstance(first, list)
        assert isinstance(last, list)
        assert isinstance(rule, sqlite3.IntegrityError)
        assert isinstance(bug, KeyError)
        assert isinstance(mind, TaskNotFound)
        assert await names(store) == ["n"] * 3


async def test_a_full_disk_is_said_so_and_service_resumes(open_store: OpenStore) -> None:
    async with open_store() as store:
        size = await store._writer.submit(lambda unit: unit.connection.execute("PRAGMA page_count").fetchone()[0])
        await store._writer.submit(lambda unit: unit.connection.execute(f"PRAGMA max_page_count = {size}").fetchone())
        large = TaskDraft(name="large", processing_time=1, input="x" * 200_000)
        with pytest.raises(StorageFull):
            await store.write(commands.tasks.create, [large])
        assert await names(store) == []
        await store._writer.submit(lambda unit: unit.connection.execute("PRAGMA max_page_count = 100000").fetchone())
        await store.write(commands.tasks.create, [large])
        assert await names(store) == ["large"]


async def test_a_caller_that_gave_up_does_not_disturb_the_others(open_store: OpenStore) -> None:
    async with open_store() as store:
        gate = await hold(store)
        leaving = asyncio.ensure_future(store.write(commands.tasks.create, [DRAFT]))
        staying = asyncio.ensure_future(store.write(commands.tasks.create, [DRAFT]))
        await asyncio.sleep(0)
        leaving.cancel()
        gate.set()
        assert len(await staying) == 1


async def test_a_stopped_writer_says_so(open_store: OpenStore) -> None:
    async with open_store() as store:
        pass
    with pytest.raises(WriterStopped):
        await store.ready()


async def test_the_writer_checkpoints_when_it_is_idle(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.write(commands.tasks.create, [DRAFT])
        async with asyncio.timeout(60):
            while store._writer._wal.is_pending:
                await asyncio.sleep(0.02)
        with sqlite3.connect(f"file:{store.path}?immutable=1", uri=True) as snapshot:
            assert snapshot.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
        snapshot.close()


async def test_a_dead_writer_tells(open_store: OpenStore) -> None:
    async with open_store() as store:
        told = Event()
        store._writer._on_death = told.set

        def fails(commit: Commit) -> None:
            raise SystemExit

        store.listen(fails)
        pending = asyncio.ensure_future(store.write(commands.tasks.create, [DRAFT]))
        assert await asyncio.get_running_loop().run_in_executor(None, told.wait, 10)
        pending.cancel()


async def test_a_large_log_is_checkpointed_step_by_step_while_somebody_reads_from_it(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, step = 64 << 10, 256 << 10
    monkeypatch.setattr(write_ahead_log, "LARGE_WAL", large)
    monkeypatch.setattr(write_ahead_log, "WAL_STEP", step)
    monkeypatch.setattr(write_ahead_log, "IDLE", 60.0)
    async with open_store() as store:
        checkpoints: list[int] = []
        checkpoint = store._writer._wal.checkpoint

        def counted() -> None:
            checkpoints.append(store._writer._wal.size)
            checkpoint()

        monkeypatch.setattr(store._writer._wal, "checkpoint", counted)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
            await store.write(commands.tasks.create, [DRAFT])
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
            for _ in range(60):
                await store.write(commands.tasks.create, [DRAFT] * 10)
            grown = store._writer._wal.size
            assert grown > large + 2 * step, "what is read from is kept"
            assert 2 <= len(checkpoints) <= 1 + grown // step, "not one for each commit"
            assert all(later - earlier > step for earlier, later in pairwise(checkpoints))
        checkpoints.clear()
        for _ in range(60):
            await store.write(commands.tasks.create, [DRAFT] * 10)
        assert len(checkpoints) <= 2, "once nobody reads from it, it begins anew"
        assert store._writer._wal.size <= grown + 2 * step


async def test_a_listener_that_fails_after_the_commit_undoes_nothing_and_has_nothing_done_twice(
    open_store: OpenStore, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(commit: Commit) -> None:
        raise KeyError("listener")

    async with open_store() as store:
        heard: list[Commit] = []
        store.listen(fails)
        store.listen(heard.append)
        for _ in range(2):
            assert len(await store.write(commands.tasks.create, [DRAFT])) == 1
        assert await names(store) == ["n"] * 2
        assert [commit.created for commit in heard] == [1, 1], "those behind it hear of the commit"
    assert [record.levelname for record in caplog.records] == ["ERROR"], "it is said once"


async def test_whatever_comes_after_the_commit_is_done_once(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store() as store:
        committed: list[bool] = []
        summary = Unit.summary

        def summed_up(unit: Unit) -> Commit:
            committed.append(not unit.connection.in_transaction)
            return summary(unit)

        monkeypatch.setattr(Unit, "summary", summed_up)
        await store.write(commands.tasks.create, [DRAFT])
        assert committed == [False], "what may fail is done before"


async def test_a_vital_listener_that_fails_ends_the_service_and_the_create_is_answered(open_store: OpenStore) -> None:
    def fails(commit: Commit) -> None:
        raise KeyError("listener")

    async with open_store() as store:
        told = Event()
        store._writer._on_death = told.set
        store.listen(fails, is_vital=True)
        assert len(await store.write(commands.tasks.create, [DRAFT])) == 1
        assert await names(store) == ["n"]
        assert told.is_set()
        assert len(await store.write(commands.tasks.create, [DRAFT])) == 1, "until it has ended, it serves"


async def test_the_log_is_checkpointed_while_upkeep_looks_and_writes_nothing(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_ahead_log, "IDLE", 0.2)
    async with open_store() as store:
        await store.write(commands.tasks.create, [DRAFT])
        async with asyncio.timeout(60):
            while store._writer._wal.is_pending:
                await store.ready()
                await asyncio.sleep(0.02)
        with closing(sqlite3.connect(f"file:{store.path}?immutable=1", uri=True)) as snapshot:
            assert snapshot.execute("SELECT count(*) FROM tasks").fetchone() == (1,)


async def test_where_too_much_waits_clients_are_refused_and_reports_and_upkeep_are_not(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store() as store:
        gate = await hold(store)
        monkeypatch.setattr(module, "MOST_WAITING", 4)
        waiting = [asyncio.ensure_future(store.write(commands.tasks.create, [DRAFT])) for _ in range(3)]
        await asyncio.sleep(0)
        for refused in (
            store.write(commands.tasks.create, [DRAFT]),
            store.write(commands.tasks.cancel, "a"),
            store.write(commands.tasks.delete, "a"),
            store.write(commands.task_types.delete, "sleep"),
        ):
            with pytest.raises(Overloaded):
                await refused
        joined = [
            asyncio.ensure_future(joins)
            for joins in (
                store.insist(commands.reports.report, []),
                store.ready(),
                store.insist(commands.runs.beat, "w", []),
            )
        ]
        await asyncio.sleep(0)
        assert await names(store) == [], "reads go on"
        gate.set()
        await asyncio.gather(*waiting, *joined)
        assert len(await store.write(commands.tasks.create, [DRAFT])) == 1
