"""Databases that look as if services had reported on so many tasks."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.process import BenchError
from services.api.store.clock import Clock
from services.api.store.drafts import TaskDraft
from services.api.store.store import Store
from shared.domain.report import Report
from shared.domain.status import Status
from shared.domain.task_type import TaskType

TYPE = "json"
STAGES = ("enrich", "publish")
OPEN = 1_000
"""So many tasks are still open, anywhere in the database: the load is the same whatever the size, what ended grows."""

CHUNK = 5_000
"""Tasks per transaction."""


def key_of(number: int) -> str:
    """Return the external key of a task, counted from 0."""
    return f"json-{number:09}"


def is_open(number: int, count: int) -> bool:
    """Whether a task, one of so many, has not ended."""
    return number % step(count) == 0


def step(count: int) -> int:
    """Return how far apart open tasks are where there are so many tasks."""
    return max(1, count // OPEN)


def fill(database: Path, count: int, say: Callable[[str], None]) -> list[str]:
    """Write so many tasks with their history, and return their ids in the order of their numbers.

    It goes through the store's own creates and reports, so that the rows are those that the API writes; only HTTP is
    left out, and many come in one transaction.
    """
    return asyncio.run(_fill(database, count, say))


async def _fill(database: Path, count: int, say: Callable[[str], None]) -> list[str]:
    died = threading.Event()
    store = Store.open(database, Clock(), died.set)
    task_ids: list[str] = []
    try:
        await store.create_type(TaskType(name=TYPE))
        for start in range(0, count, CHUNK):
            numbers = range(start, min(start + CHUNK, count))
            created = await store.create([_draft(number) for number in numbers])
            await store.report(list(_reports(numbers, created, count)))
            task_ids += created
            if len(task_ids) % (20 * CHUNK) == 0:
                say(f"   {len(task_ids):,} of {count:,} tasks")
    finally:
        store.close()
    if died.is_set():
        raise BenchError(f"{database} could not be filled")
    return task_ids


def _draft(number: int) -> TaskDraft:
    return TaskDraft(name=f"JSON {number}", type=TYPE, input={"number": number}, external_key=key_of(number))


def _reports(numbers: Sequence[int], task_ids: Sequence[str], count: int) -> Iterator[Report]:
    """Yield a report of each stage on each task; the last one ends it, if it is to end."""
    for number, task_id in zip(numbers, task_ids, strict=True):
        for seq, stage in enumerate(STAGES, start=1):
            ends = stage == STAGES[-1] and not is_open(number, count)
            said: dict[str, Any] = {"status": Status.COMPLETED, "result": {"number": number}} if ends else {}
            yield Report(
                task_id=task_id,
                seq=seq,
                source=stage,
                **{"status": Status.PROCESSING, **said},
                stage=stage,
                progress=seq / len(STAGES),
                metadata={stage: f"found out about {number}"},
            )
