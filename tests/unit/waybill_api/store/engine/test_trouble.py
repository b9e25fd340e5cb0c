"""A locked, lost or damaged database is reported, no unreported write is kept, and no thread ends."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from threading import Event
from typing import Any

import peewee
import pytest

from waybill.domain.errors import StorageFull, StoreBusy, StoreDamaged, StoreFails, StoreLost, TaskNotFound
from waybill_api.conditions import (
    DATABASE_DAMAGED,
    DATABASE_FAILS,
    DATABASE_LOCKED,
    DATABASE_LOST,
    DISK_FULL,
    Conditions,
)
from waybill_api.store import commands, tables
from waybill_api.store import store as store_module
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine import trouble
from waybill_api.store.engine.trouble import Trouble
from waybill_api.store.store import Store
from waybill_api.store.writing import writer
from waybill_api.store.writing.unit import Commit, Unit
from waybill_api.upkeep import watch
from waybill_api.upkeep.watch import Watch

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
DRAFT = TaskDraft(name="n", processing_time=1)


def codes(store: Store) -> list[str]:
    return [condition.code for condition in store.conditions.now()]


async def died(store: Store) -> None:
    """Wait until the writer has said that it is dead, and forget that."""
    async with asyncio.timeout(60):
        while store._writer.is_alive():
            await asyncio.sleep(0.01)


@pytest.mark.gen_test
async def test_what_waits_for_a_lock_is_refused_in_time_and_served_once_the_lock_is_gone(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.3)
    async with open_store() as store:
        with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(2):
                refused = await asyncio.gather(
                    *(store.write(commands.tasks.create, [DRAFT]) for _ in range(20)), return_exceptions=True
                )
                assert {type(error) for error in refused} == {StoreBusy}
                assert codes(store) == [DATABASE_LOCKED]
            waiting = asyncio.ensure_future(store.write(commands.tasks.create, [DRAFT]))
            await asyncio.sleep(0)
            other.execute("ROLLBACK")
            await waiting
        assert codes(store) == []
        assert len(await store.read(tables.events.page, None, 0, 10)) == 1, "what was refused was not kept"


@pytest.mark.gen_test
async def test_a_store_closes_while_its_database_is_locked(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.3)
    async with open_store() as store:
        with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            pending = asyncio.ensure_future(store.write(commands.tasks.create, [DRAFT]))
            await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(None, store._writer.stop)
            with pytest.raises(StoreBusy):
                await pending
            other.execute("ROLLBACK")


@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("fate", ["deleted", "moved", "replaced"])
@pytest.mark.gen_test
async def test_what_is_committed_to_a_file_that_is_gone_is_not_answered_as_kept(
    open_store: OpenStore, suffix: str, fate: str
) -> None:
    async with open_store() as store:
        deaths, told = Event(), list[Commit]()
        store._writer._on_death = deaths.set
        await store.write(commands.tasks.create, [DRAFT])
        store.listen(told.append)
        path = Path(f"{store.path}{suffix}")
        if fate == "deleted":
            path.unlink()
        elif fate == "moved":
            path.rename(path.with_suffix(".aside"))
        else:
            draft = path.with_suffix(".draft")
            draft.write_bytes(path.read_bytes())
            os.replace(draft, path)
        answers = await asyncio.gather(
            *(store.write(commands.tasks.create, [DRAFT]) for _ in range(3)), return_exceptions=True
        )
        assert {type(answer) for answer in answers} == {StoreLost}
        assert codes(store) == [DATABASE_LOST]
        assert told == [], "no listener is told of what is not kept"
        with pytest.raises(StoreLost):
            await store.write(commands.tasks.create, [DRAFT])
        await died(store)
        assert deaths.is_set()


@pytest.mark.gen_test
async def test_a_database_that_is_damaged_takes_nothing_more_and_says_so_to_whoever_reads(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        task_id = (await store.write(commands.tasks.create, [DRAFT]))[0]
        # A page of the table and of its index, in the file and without a trace in the log.
        pages = await store._writer.submit(_pages_of_tasks)
        with closing(sqlite3.connect(store.path)) as other:
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        with store.path.open("r+b") as file:
            for page in pages:
                file.seek(4096 * (page - 1))
                file.write(b"\xa5" * 4096)
        store._database.close()
        with pytest.raises(StoreDamaged):
            store.look_up(tables.tasks.load, task_id)
        assert codes(store) == [DATABASE_DAMAGED]
        with pytest.raises(StoreDamaged):
            await store.write(commands.tasks.create, [DRAFT])
        with pytest.raises(StoreDamaged):
            await store.ready()


def _pages_of_tasks(unit: Unit) -> list[int]:
    return [
        int(row[0])
        for row in unit.connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'tasks' AND rootpage > 0"
        )
    ]


@pytest.mark.gen_test
async def test_a_bar_that_falls_amid_a_group_refuses_the_rest_of_it(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.write(commands.tasks.create, [DRAFT])

        def meets_damage(unit: Unit) -> None:
            raise _error(sqlite3.SQLITE_CORRUPT)

        first = store._writer.submit(meets_damage)
        answers = await asyncio.gather(first, store.write(commands.tasks.create, [DRAFT]), return_exceptions=True)
        assert [type(answer) for answer in answers] == [StoreDamaged, StoreDamaged]
        assert len(await store.read(tables.events.page, None, 0, 10)) == 1


@pytest.mark.parametrize(
    ("code", "told", "held"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusy, []),
        (sqlite3.SQLITE_LOCKED, StoreBusy, []),
        (sqlite3.SQLITE_FULL, StorageFull, [DISK_FULL]),
        (sqlite3.SQLITE_IOERR_WRITE, StoreFails, [DATABASE_FAILS]),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreFails, [DATABASE_FAILS]),
        (sqlite3.SQLITE_CANTOPEN, StoreFails, [DATABASE_FAILS]),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreDamaged, [DATABASE_DAMAGED]),
        (sqlite3.SQLITE_NOTADB, StoreDamaged, [DATABASE_DAMAGED]),
        (sqlite3.SQLITE_CONSTRAINT, sqlite3.OperationalError, []),
    ],
)
def test_each_complaint_of_sqlite_has_its_meaning(tmp_path: Path, code: int, told: type, held: list[str]) -> None:
    wrapped = peewee.OperationalError(_error(code), "something of the storage")
    for error in (_error(code), wrapped):
        conditions = Conditions()
        explained = Trouble(tmp_path / "tasks.db", conditions).explain(error)
        assert explained is error if told is sqlite3.OperationalError else type(explained) is told
        assert [condition.code for condition in conditions.now()] == held


def test_an_error_of_a_disk_without_room_means_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "has_room", lambda folder: False)
    explained = Trouble(tmp_path / "tasks.db", Conditions()).explain(_error(sqlite3.SQLITE_IOERR_SHMSIZE))
    assert type(explained) is StorageFull


def test_what_is_no_complaint_of_sqlite_stays_what_it_is(tmp_path: Path) -> None:
    conditions = Conditions()
    for error in (KeyError("x"), TaskNotFound(), ValueError("bug")):
        assert Trouble(tmp_path / "tasks.db", conditions).explain(error) is error
    assert conditions.now() == []


@pytest.mark.gen_test
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
async def test_the_watch_notices_a_loss_without_any_request(open_store: OpenStore, suffix: str) -> None:
    async with open_store() as store:
        lost = Event()
        looking = Watch(store, lost.set)
        await store.write(commands.tasks.create, [DRAFT])
        looking.look()
        assert not lost.is_set()
        store.path.with_name(f"{store.path.name}{suffix}").unlink()
        looking.look()
        assert lost.is_set()
        assert codes(store) == [DATABASE_LOST]


@pytest.mark.gen_test
async def test_the_watch_tells_of_a_full_disk_before_anybody_is_refused_and_of_room_again(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store() as store:
        looking = Watch(store, lambda: None)
        monkeypatch.setattr(watch, "has_room", lambda folder: False)
        looking.look()
        assert codes(store) == [DISK_FULL]
        monkeypatch.setattr(watch, "has_room", lambda folder: True)
        monkeypatch.setattr(watch, "ENOUGH_ROOM", 1 << 60)
        looking.look()
        assert codes(store) == [DISK_FULL], "a quota shows only when room is allocated"
        monkeypatch.setattr(watch, "ENOUGH_ROOM", 1 << 12)
        looking.look()
        assert codes(store) == []
        assert {path.name for path in store.path.parent.iterdir()} <= {"tasks.db", "tasks.db-wal", "tasks.db-shm"}


@pytest.mark.gen_test
async def test_the_watch_tries_what_has_failed_until_it_works(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store() as store:
        looking = Watch(store, lambda: None)
        store.conditions.hold(DATABASE_FAILS, "it was read only")

        def fails(unit: Unit) -> None:
            raise _error(sqlite3.SQLITE_IOERR_WRITE)

        with monkeypatch.context() as failing:
            failing.setattr(store_module, "_stamp", fails)
            looking.look()
            assert looking._probing is not None
            await looking._probing
            assert codes(store) == [DATABASE_FAILS]
        looking.look()
        await looking._probing
        assert codes(store) == []


@pytest.mark.gen_test
async def test_a_write_that_does_not_end_is_told(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LONGEST_WAIT", 0.05)
    async with open_store() as store:
        looking, gate, begun = Watch(store, lambda: None), Event(), Event()

        def hangs(unit: Unit) -> None:
            begun.set()
            assert gate.wait(60)

        hanging = store._writer.submit(hangs)
        assert await asyncio.get_running_loop().run_in_executor(None, begun.wait, 60)
        async with asyncio.timeout(60):
            while not codes(store):
                await asyncio.sleep(0.01)
                looking.look()
        assert codes(store) == ["writer_waits"]
        gate.set()
        await hanging
        await store.ready()
        looking.look()
        assert codes(store) == []


@pytest.mark.gen_test
async def test_a_checkpoint_that_fails_is_tried_again_and_ends_nothing(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store() as store:
        await store.write(commands.tasks.create, [DRAFT])
        failed = Event()
        execute: Callable[..., Any] = store._writer._database.execute_sql

        def failing(sql: str, *more: Any) -> Any:
            if "wal_checkpoint" in sql and not failed.is_set():
                failed.set()
                raise _error(sqlite3.SQLITE_FULL)
            return execute(sql, *more)

        monkeypatch.setattr(store._writer._database, "execute_sql", failing)
        await store.write(commands.tasks.create, [DRAFT])
        assert await asyncio.get_running_loop().run_in_executor(None, failed.wait, 60)
        async with asyncio.timeout(60):
            while store._writer._wal.is_pending:
                await asyncio.sleep(0.02)
        await store.write(commands.tasks.create, [DRAFT])


def _error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("something of the storage")
    error.sqlite_errorcode = code
    return error
