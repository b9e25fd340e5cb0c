"""The hour that is made up for the pictures: lively, and the same each time."""

import asyncio
from collections import Counter
from pathlib import Path

from demo.screenshots.cast import WORKS
from demo.screenshots.hour import NOW, START
from demo.screenshots.story import Story
from throwaway.clock import HandClock
from waybill.domain.status import Status
from waybill.domain.task import Task
from waybill_api.search.query import Query
from waybill_api.store import tables
from waybill_api.store.finding import finder
from waybill_api.store.store import Store
from waybill_api.store.tables.failures import Failure


async def told(folder: Path) -> tuple[list[Task], list[Failure], int]:
    """Return the tasks, the groups of failures and the number of lines of the audit log once the hour is over."""
    clock = HandClock(START)
    store = Store.open(folder / "tasks.db", clock, lambda: None)
    try:
        await Story(store, clock).tell()
        tasks = (await store.read(finder.find, Query(), None, 2_000, newest=False)).tasks
        return (
            tasks,
            await store.read(tables.failures.latest, None, None, 100),
            len(await store.read(tables.audit.page, None, 100)),
        )
    finally:
        store.close()


def test_there_is_something_of_everything_to_see_and_all_of_that_hour(tmp_path: Path) -> None:
    tasks, failures, deeds = asyncio.run(told(tmp_path))
    counts = Counter(task.status for task in tasks)
    assert all(counts[status] >= 5 for status in Status), counts
    assert {task.type for task in tasks} == {work.type.name for work in WORKS}
    assert len(failures) >= 4
    assert any(task.progress for task in tasks if task.status is Status.PROCESSING)
    assert any(task.silent_at for task in tasks)
    assert deeds >= 8
    for task in tasks:
        times = (task.created_at, task.started_at, task.finished_at)
        assert all(START <= time <= NOW for time in times if time is not None)
