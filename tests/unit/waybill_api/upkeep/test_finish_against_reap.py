"""A worker's last word against the reaper's: whatever comes first, exactly one of them holds."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from random import Random

import pytest

from waybill.domain.event import EventKind
from waybill.domain.report import Report
from waybill.domain.status import Outcome, Status
from waybill_api.store import commands, tables
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.store import Store
from waybill_api.upkeep.reaper import Reaper
from waybill_api.upkeep.workers import LEASE, Workers

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]

AT_ONCE = 50
ROUNDS = 300
ROUNDS_OF_THE_LONG_FORM = 5_000


class RacedWorkers(Workers):
    """Lets a worker's finish start a few steps of the loop before its end is declared, or after it."""

    def __init__(self, store: Store, random: Random, finish: Callable[[str], "asyncio.Task[Outcome]"]) -> None:
        super().__init__(store)
        self._random = random
        self._finish = finish
        self.finishes: dict[str, asyncio.Task[Outcome]] = {}

    async def gone(self, worker_id: str, *, crashed: bool) -> int:
        self.finishes[worker_id] = self._finish(worker_id)
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)
        return await super().gone(worker_id, crashed=crashed)


async def _race(store: Store, random: Random) -> int:
    """Have as many runs as may race at once finished and reaped, and return how many finishes came first."""
    task_ids = await store.write(
        commands.tasks.create, [TaskDraft(name="n", processing_time=1) for _ in range(AT_ONCE)]
    )
    claims = {
        f"worker of {task_id}": Report(
            task_id=task_id,
            attempt=1,
            run=1,
            claim=f"{number:032x}",
            source=f"worker of {task_id}",
            status=Status.PROCESSING,
        )
        for number, task_id in enumerate(task_ids)
    }
    assert {one.outcome for one in await store.insist(commands.reports.report, list(claims.values()))} == {
        Outcome.APPLIED
    }

    async def finish(claim: Report) -> Outcome:
        for _ in range(random.randrange(3)):
            await asyncio.sleep(0)
        said = Report(
            task_id=claim.task_id,
            attempt=1,
            run=1,
            claim=claim.claim,
            source=claim.source,
            status=Status.COMPLETED,
            result="done",
        )
        (judged,) = await store.insist(commands.reports.report, [said])
        return judged.outcome

    workers = RacedWorkers(store, random, lambda worker_id: asyncio.ensure_future(finish(claims[worker_id])))
    await Reaper(store, workers).tick(LEASE)
    assert workers.finishes.keys() == claims.keys()
    finished = 0
    for worker_id, claim in claims.items():
        outcome = await workers.finishes[worker_id]
        task = store.look_up(tables.tasks.load, str(claim.task_id))
        kinds = [event.kind for event in await store.read(tables.events.page, task.task_id, 0, 10)]
        if outcome is Outcome.APPLIED:
            finished += 1
            assert (task.status, task.run, task.crashes, task.result) == (Status.COMPLETED, 1, 0, "done")
            assert kinds == [EventKind.CREATE, EventKind.CLAIM, EventKind.REPORT]
        else:
            assert outcome is Outcome.REFUSED
            assert (task.status, task.run, task.crashes, task.claim) == (Status.PROCESSING, 2, 1, None)
            assert kinds == [EventKind.CREATE, EventKind.CLAIM, EventKind.RELEASE, EventKind.REPORT]
    return finished


@pytest.mark.gen_test(timeout=590)
async def test_of_a_finish_and_a_reaper_one_wins(open_store: OpenStore, pytestconfig: pytest.Config) -> None:
    rounds = ROUNDS_OF_THE_LONG_FORM if pytestconfig.getoption("long") else ROUNDS
    random = Random(rounds)
    async with open_store() as store:
        finished = [await _race(store, random) for _ in range(rounds // AT_ONCE)]
    assert 0.1 < sum(finished) / rounds < 0.9, "neither side always comes first, or it is no race"
