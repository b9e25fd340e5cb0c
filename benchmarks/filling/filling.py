"""Fill a database.

The store's own creates and reports write the first period, without HTTP and with many tasks in a transaction, so that
the rows are those that the API writes. SQL copies it for the rest: a million tasks take a minute or two.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

from benchmarks.filling.copies import copy
from benchmarks.filling.pattern import Pattern
from throwaway.clock import HandClock
from throwaway.program import CannotGoOn
from waybill_api.store import commands
from waybill_api.store.store import Store

SPAN = 30 * 24 * 3_600_000
"""Milliseconds from the first create to the present."""

CHUNK = 50
"""How many tasks are created together, and reported on together."""

ROUNDS = 10
"""The pause before the next tasks are created, as a multiple of the pause between two reports."""

SLICE = 5_000
"""How many events one transaction adds to the search's index."""


def fill(database: Path, count: int, pattern: Pattern, say: Callable[[str], None]) -> list[str]:
    """Write `count` tasks with their history, and return their ids in the order of their numbers.

    The search's index, the failures and the statistics are complete. Raises CannotGoOn if that fails.
    """
    gap = SPAN / count
    beginning = int(time.time() * 1000) - SPAN
    asyncio.run(_seed(database, min(count, pattern.period), pattern, beginning, gap))
    with sqlite3.connect(database) as connection:
        task_ids = copy(connection, count, pattern.period, gap, say)
    connection.close()
    return task_ids


async def _seed(database: Path, count: int, pattern: Pattern, beginning: int, gap: float) -> None:
    died = threading.Event()
    clock = HandClock(beginning)
    store = Store.open(database, clock, died.set)
    try:
        for task_type in pattern.types:
            await store.write(commands.task_types.create, task_type)
        for start in range(0, count, CHUNK):
            clock.at = beginning + int(start * gap)
            await _live(store, clock, pattern, range(start, min(start + CHUNK, count)), int(CHUNK * gap) // ROUNDS)
        while await store.insist(commands.search.take_in, SLICE):
            pass
    finally:
        store.close()
    if died.is_set():
        raise CannotGoOn(f"{database} could not be filled")


async def _live(store: Store, clock: HandClock, pattern: Pattern, numbers: range, pause: int) -> None:
    """Create some tasks, and send one report after another on all of them."""
    created = await store.write(commands.tasks.create, [pattern.draft(number) for number in numbers])
    lives = [pattern.reports(number, task_id) for number, task_id in zip(numbers, created, strict=True)]
    for together in zip_longest(*lives):
        clock.at += pause
        reports = [said for said in together if said is not None]
        for judged in await store.insist(commands.reports.report, reports):
            if judged.outcome != "applied":
                raise CannotGoOn(f"a report for the database was {judged.outcome}")
