"""An installation of a thousand types, with an hour of history and large tasks."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from throwaway.clock import HandClock
from waybill.domain.report import Report
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import TaskError
from waybill.domain.task_type import TaskType
from waybill_api.store import commands
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.store import Store

MINUTE = 60_000
ROUNDS = 18
"""How many tasks of each type end in the hour: as many as the API remembers when it starts."""

SIZE = 60_000
"""Bytes of a large task."""

STAGED = 100
"""How many stages there are."""

TOGETHER = 500
SLICE = 5_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """The names and ids that the calls use."""

    types: Sequence[str]
    large: Sequence[str]
    """The ids of open tasks of 60 KB each, tracked."""
    small: Sequence[str]


async def fill(database: Path, types: int, large: int, say: Callable[[str], None]) -> Crowd:
    """Write all tasks and types with the store's own commands."""
    now = int(time.time() * 1000)
    clock = HandClock(now - 60 * MINUTE)
    store = Store.open(database, clock, threading.Event().set)
    chance = Random(7)  # noqa: S311  # to be repeated
    names = [f"type-{number:04}" for number in range(types)]
    try:
        for name in names:
            await store.write(commands.task_types.create, TaskType(name=name, title=f"The type {name}", handler=None))
        small: list[str] = []
        for turn in range(ROUNDS):
            clock.at = now - (59 - 3 * turn) * MINUTE
            for start in range(0, types, TOGETHER):
                small += await _live(store, clock, names[start : start + TOGETHER], chance)
            say(f"   {len(small):,} small tasks")
        clock.at = now
        created: list[str] = []
        # Sixteen pieces, because a single long string would be cheaper.
        pieces = ["ю" * (SIZE // 32) for _ in range(16)]
        for start in range(0, large, 100):
            drafts = [
                TaskDraft(name=f"large {number}", type=names[0], input=pieces) for number in range(start, start + 100)
            ]
            created += await store.write(commands.tasks.create, drafts)
        say(f"   {len(created):,} large tasks")
        while await store.insist(commands.search.take_in, SLICE):
            pass
    finally:
        store.close()
    return Crowd(names, created, small)


async def _live(store: Store, clock: HandClock, names: Sequence[str], chance: Random) -> list[str]:
    """Create a task of each type, and report its end at most a minute later."""
    drafts = [
        TaskDraft(name=f"task of {name}", type=name, metadata={"user": f"user-{chance.randrange(100)}"})
        for name in names
    ]
    created = await store.write(commands.tasks.create, drafts)
    for number, task_id in enumerate(created):
        clock.at += chance.randrange(100)
        if number % 3 == 0:
            stage = f"stage-{chance.randrange(STAGED)}"
            await store.insist(
                commands.reports.report, [Report(task_id=task_id, status=Status.PROCESSING, stage=stage)]
            )
    ended = [
        Report(task_id=task_id, status=Status.ERROR, error=TaskError(ErrorCode.FAILED, f"no {chance.randrange(9)}"))
        if chance.random() < 0.2
        else Report(task_id=task_id, status=Status.COMPLETED, result={"n": chance.random()})
        for task_id in created
    ]
    clock.at += chance.randrange(MINUTE)
    await store.insist(commands.reports.report, ended)
    return created


def filled(database: Path, types: int, large: int, say: Callable[[str], None]) -> Crowd:
    """Fill the database in an event loop of its own."""
    return asyncio.run(fill(database, types, large, say))
