"""A large backlog flows through the real queue without a storm of duplicates."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from waybill.domain.report import Report
from waybill.domain.status import Outcome, Status
from waybill.queue.file_queue import FileQueue
from waybill.queue.message import Message
from waybill_api.search.query import Query
from waybill_api.store import commands
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.finding import finder
from waybill_api.store.store import Store
from waybill_api.upkeep.dispatcher import Dispatcher

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]

TASKS = 8_000
TASKS_OF_THE_LONG_FORM = 100_000
BATCH = 1_000
SLOTS = 600
"""How many messages a worker takes at once."""


class CountedQueue(FileQueue):
    """The real queue, and how many messages were ever put on it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sent = 0

    def send(self, letters: Sequence[tuple[str, int, Message]]) -> None:
        self.sent += len(letters)
        super().send(letters)


async def _work(store: Store, queue: FileQueue, count: int) -> None:
    """Take messages as a worker does, claim their runs in one request and complete them, until so many have ended."""
    ended = 0
    while ended < count:
        letters = await asyncio.to_thread(queue.take, ["sleep"], SLOTS)
        if not letters:
            await asyncio.sleep(0.01)
        claims = [
            Report(
                task_id=message.task_id,
                run=message.run,
                claim="a" * 32,
                source="worker",
                seq=1,
                status=Status.PROCESSING,
            )
            for _, _, message in letters
        ]
        granted = [
            one.task_id for one in await store.insist(commands.reports.report, claims) if one.outcome is Outcome.APPLIED
        ]
        ends = [
            Report(task_id=task_id, run=1, claim="a" * 32, source="worker", seq=2, status=Status.COMPLETED)
            for task_id in granted
        ]
        assert all(one.outcome is Outcome.APPLIED for one in await store.insist(commands.reports.report, ends))
        ended += len(ends)


@pytest.mark.gen_test(timeout=590)
async def test_a_backlog_is_sent_once(open_store: OpenStore, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    count = TASKS_OF_THE_LONG_FORM if pytestconfig.getoption("long") else TASKS
    deaths: list[None] = []
    async with open_store() as store:
        for _ in range(count // BATCH):
            await store.write(commands.tasks.create, [TaskDraft(name="n", processing_time=0)] * BATCH)
        queue = CountedQueue(tmp_path / "queue.db")
        dispatcher = Dispatcher(store.path, queue, lambda: None, store.clock, lambda: deaths.append(None))
        store.listen(dispatcher.notice)
        dispatcher.start()
        try:
            async with asyncio.timeout(580):
                await _work(store, queue, count)
        finally:
            await asyncio.to_thread(dispatcher.stop)
            queue.close()
        assert not (await store.read(finder.find, Query(statuses=(Status.NEW,)), None, 1, newest=False)).tasks
        assert count <= queue.sent <= 1.01 * count
    assert not deaths
