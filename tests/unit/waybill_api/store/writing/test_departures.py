"""A wall clock that is set forward ends no wait for a worker that is leaving a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import new_database
from waybill.domain.report import Report
from waybill.domain.status import Outcome, Status
from waybill.domain.task import Task
from waybill.domain.transitions import LEAVING
from waybill_api.store import commands
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine.clock import Clock
from waybill_api.store.store import Store
from waybill_api.store.writing.departures import EARLY, Departures
from waybill_api.store.writing.unit import Change

TASK = Task(task_id="t", name="n", type="sleep", handler="sleep", processing_time=1, created_at=0)


class Machine(Clock):
    """A machine whose wall clock may be set, while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = 1_800_000_000_000
        self.passed = 0

    def now(self) -> int:
        return self.wall + self.passed

    def monotonic(self) -> int:
        return self.passed


def test_a_wait_ends_when_the_worker_has_left_or_has_had_its_time() -> None:
    machine = Machine()
    departures = Departures(machine)
    leaving = replace(TASK, leaving="w", run=2)
    machine.passed += LEAVING
    departures.notice([Change(TASK, leaving)])
    assert departures.are_over(TASK)
    assert not departures.are_over(leaving)
    machine.passed += LEAVING - EARLY - 1
    assert not departures.are_over(leaving)
    departures.notice([Change(leaving, replace(leaving, run=3))])
    machine.passed += 1
    assert not departures.are_over(leaving), "another attempt waits anew"
    departures.notice([Change(leaving, replace(leaving, leaving=None))])
    assert departures.are_over(leaving), "nothing is known of it any more, and the API runs for long enough"


@pytest.mark.gen_test
async def test_an_attempt_waits_though_the_wall_clock_is_set_forward(tmp_path: Path) -> None:
    new_database(tmp_path / "tasks.db")
    machine = Machine()
    store = Store.open(tmp_path / "tasks.db", machine, on_death=lambda: pytest.fail("the writer has died"))
    (task_id,) = await store.write(commands.tasks.create, [TaskDraft(name="n", processing_time=1)])

    async def claimed(run: int, worker: str) -> Outcome:
        said = Report(task_id=task_id, run=run, claim=f"{run}" * 32, source=worker, status=Status.PROCESSING)
        (judged,) = await store.insist(commands.reports.report, [said])
        return judged.outcome

    assert await claimed(1, "frozen") is Outcome.APPLIED
    await store.write(commands.tasks.cancel, task_id, None)
    await store.write(commands.tasks.retry, task_id, None)
    machine.wall += 3_600_000
    assert await claimed(2, "other") is Outcome.REFUSED
    machine.passed += LEAVING
    assert await claimed(2, "other") is Outcome.APPLIED
    store.close()
