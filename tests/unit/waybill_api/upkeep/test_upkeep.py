"""Upkeep as a whole, with a real queue."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from sqlite3 import Connection

import pytest

from waybill.domain.task_type import TaskType
from waybill.host.doorbell import Doorbell
from waybill.queue.file_queue import FileQueue
from waybill.queue.message import Message
from waybill_api.store import commands, tables
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.store import Store
from waybill_api.upkeep.upkeep import Upkeep
from waybill_api.upkeep.workers import Workers

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
pytestmark = pytest.mark.gen_test


async def test_a_new_task_rings_and_its_message_can_be_taken(open_store: OpenStore, tmp_path: Path) -> None:
    queue = FileQueue(tmp_path / "queue.db")
    bell = Doorbell(tmp_path / "doorbells" / "w")
    async with open_store() as store:
        upkeep = Upkeep(store, Workers(store), queue, tmp_path / "doorbells", pytest.fail)
        upkeep.start()
        [task_id] = await store.write(commands.tasks.create, [TaskDraft(name="n", processing_time=1)])
        assert await asyncio.get_running_loop().run_in_executor(None, bell.wait, 10)
        assert [letter.message for letter in queue.take(["sleep"], 10)] == [Message(task_id, 1)]
        await upkeep.stop()
    queue.close()
    bell.close()


async def test_upkeep_that_dies_tells(open_store: OpenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = FileQueue(tmp_path / "queue.db")
    deaths: list[None] = []
    async with open_store() as store:
        workers = Workers(store)
        upkeep = Upkeep(store, workers, queue, tmp_path / "doorbells", lambda: deaths.append(None))

        def fails(connection: Connection) -> list[str]:
            raise OSError

        monkeypatch.setattr(tables.workers, "holders", fails)
        upkeep.start()
        async with asyncio.timeout(60):
            while not deaths:
                await asyncio.sleep(0.02)
        await upkeep.stop()
    queue.close()


async def test_upkeep_notices_who_has_fallen_silent(open_store: OpenStore, tmp_path: Path) -> None:
    queue = FileQueue(tmp_path / "queue.db")
    async with open_store() as store:
        upkeep = Upkeep(store, Workers(store), queue, tmp_path / "doorbells", pytest.fail)
        upkeep.start()
        await store.write(commands.task_types.create, TaskType(name="letter", stage_timeout=1, stage_timeout_ends=True))
        [task_id] = await store.write(commands.tasks.create, [TaskDraft(name="n", type="letter")])
        await asyncio.wait_for(store.finals.wait(task_id), 60)
        error = store.look_up(tables.tasks.load, task_id).error
        assert error is not None
        assert error.code == "timeout"
        await upkeep.stop()
    queue.close()
