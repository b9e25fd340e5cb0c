"""Pipelines in the store: whatever is lost, killed and tried again, the output is that of the straight run."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.databases import new_in_memory
from waybill.domain.report import Report
from waybill.domain.status import ErrorCode, Outcome, Status
from waybill.domain.task import Task, TaskError
from waybill.domain.task_type import TaskType
from waybill_api.store.commands import reports, runs, task_types, tasks
from waybill_api.store.commands.reports import Judged
from waybill_api.store.commands.runs import HeldRun
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine.ids import Ids
from waybill_api.store.tables.output.stage_results import of_task
from waybill_api.store.writing.unit import Unit

FAILED = TaskError(ErrorCode.FAILED, "no")
INPUT = {"page": 7}
T = TypeVar("T")


class Kept:
    """A database in memory, and the transactions on it."""

    def __init__(self) -> None:
        self._now = 1_000_000
        self._database = new_in_memory()
        self._ids = Ids()

    def transact(self, *work: Callable[[Unit], T], is_kept: bool = True) -> list[T]:
        """Do everything in one transaction, and commit it; unless the process is killed before that."""
        self._now += 1_000
        connection = self._database.connection()
        connection.execute("BEGIN IMMEDIATE")
        unit = Unit(self._database, self._ids, self._now)
        answers = [one(unit) for one in work]
        unit.flush()
        connection.execute("COMMIT" if is_kept else "ROLLBACK")
        return answers

    def do(self, work: Callable[[Unit], T]) -> T:
        [answer] = self.transact(work)
        return answer

    def report(self, *said: Report) -> list[Judged]:
        return self.do(lambda unit: reports.report(unit, said))

    def task(self, task_id: str) -> Task:
        return self.do(lambda unit: unit.load(task_id))

    def left(self, task: Task) -> dict[str, Any]:
        found = of_task(self._database.connection(), task.task_id, task.position, task.attempt)
        return {one.stage: one.result for one in found}

    def create(self, *stages: str, **fields: Any) -> str:
        task_type = TaskType(name="clean", stages=stages, min_backoff=0, **fields)
        self.do(lambda unit: task_types.create(unit, task_type))
        draft = TaskDraft(name="n", type="clean", input=INPUT)
        return self.do(lambda unit: tasks.create(unit, [draft], None))[0]

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def kept() -> Any:
    kept = Kept()
    yield kept
    kept.close()


def said(task: Task, **fields: Any) -> Report:
    common: dict[str, Any] = {"task_id": task.task_id, "attempt": task.attempt, "run": task.run, "source": "w"}
    return Report(**common | {"claim": f"{task.run:032x}"} | fields)


def claim(task: Task) -> Report:
    return said(task, status=Status.PROCESSING)


def end(task: Task, result: Any) -> Report:
    return said(task, status=Status.COMPLETED, result=result)


def test_a_run_is_given_the_result_of_the_stage_before_while_the_task_shows_its_own_input(kept: Kept) -> None:
    task_id = kept.create("fetch", "parse", "store")
    for stage, given, result in (("fetch", INPUT, None), ("parse", None, [1, "ж"]), ("store", [1, "ж"], "done")):
        task = kept.task(task_id)
        [granted] = kept.report(claim(task))
        assert granted.task is not None
        assert (granted.task.handler, granted.task.stage, granted.task.input) == (stage, stage, given)
        assert kept.report(end(task, result))[0].outcome is Outcome.APPLIED
        assert kept.task(task_id).input == INPUT
    task = kept.task(task_id)
    assert (task.status, task.result) == (Status.COMPLETED, "done")
    assert kept.left(task) == {"fetch": None, "parse": [1, "ж"]}


def test_a_claim_in_the_transaction_that_has_passed_the_stage_is_given_its_result(kept: Kept) -> None:
    task = kept.task(kept.create("fetch", "parse"))
    following = said(task, run=2, claim="f" * 32, status=Status.PROCESSING)
    *_, granted = kept.report(claim(task), end(task, "r"), following)
    assert granted.task is not None
    assert (granted.outcome, granted.task.input) == (Outcome.APPLIED, "r")


def test_all_stages_may_be_passed_in_one_transaction(kept: Kept) -> None:
    task = kept.task(kept.create("fetch", "parse", "store"))
    steps = [
        said(task, run=run, claim=f"{run:032x}", status=status, result=run)
        for run in (1, 2, 3)
        for status in (Status.PROCESSING, Status.COMPLETED)
    ]
    assert {judged.outcome for judged in kept.report(*steps)} == {Outcome.APPLIED}
    after = kept.task(task.task_id)
    assert (after.status, after.result, kept.left(after)) == (Status.COMPLETED, 3, {"fetch": 1, "parse": 2})


def test_a_task_that_starts_over_forgets_what_its_stages_had_left(kept: Kept) -> None:
    task_id = kept.create("fetch", "parse")
    for result in (1, 2):
        task = kept.task(task_id)
        kept.report(claim(task), end(task, result))
    kept.do(lambda unit: tasks.retry(unit, task_id, None))
    task = kept.task(task_id)
    assert kept.left(task) == {}
    kept.report(claim(task), end(task, 10))
    task = kept.task(task_id)
    assert kept.left(task) == {"fetch": 10}
    [granted] = kept.report(claim(task))
    assert granted.task is not None
    assert granted.task.input == 10


def test_what_the_stages_left_goes_with_the_task(kept: Kept) -> None:
    task_id = kept.create("fetch", "parse")
    task = kept.task(task_id)
    kept.report(claim(task), end(task, 1))
    kept.do(lambda unit: tasks.cancel(unit, task_id, None))
    task = kept.task(task_id)
    kept.do(lambda unit: tasks.delete(unit, task_id))
    assert kept.left(task) == {}


def output(stages: tuple[str, ...]) -> Any:
    """What comes out of a pipeline that nothing happens to."""
    given: Any = INPUT
    for stage in stages:
        given = work(stage, given)
    return given


def work(stage: str, given: Any) -> Any:
    return {stage: given}


@dataclass(eq=False)
class Execution:
    """A run that a worker was granted, and what its handler makes of its input."""

    task: Task
    claim: str

    def report(self, **fields: Any) -> Report:
        return said(self.task, claim=self.claim, source=self.claim, **fields)

    @property
    def end(self) -> Report:
        return self.report(status=Status.COMPLETED, result=work(self.task.handler or "", self.task.input))


class Trouble(RuleBasedStateMachine):
    """One task, workers that are lost, answers that are lost, and an API that is killed before it commits."""

    @initialize(length=st.integers(1, 4), max_attempts=st.integers(1, 3))
    def begin(self, length: int, max_attempts: int) -> None:
        """Create the task."""
        self.kept = Kept()
        self.stages = tuple("abcd"[:length])
        self.task_id = self.kept.create(*self.stages, max_attempts=max_attempts, timeout=10)
        self.claims = count(1)
        self.executions: list[Execution] = []
        self.past: list[Report] = []
        self.round = 0
        self.passed: set[tuple[int, str]] = set()

    def teardown(self) -> None:
        """Let nothing happen any more: the task ends with the output of the straight run."""
        if not hasattr(self, "kept"):
            return
        for _ in range(2 * len(self.stages) + 2):
            if self.task.status is Status.ERROR:
                self.kept.do(lambda unit: tasks.retry(unit, self.task_id, None))
            if self.task.is_held:
                self._release(crashed=False)
            if not self.task.status.is_final:
                self.claim(is_answered=True)
                self.finish(execution=-1, is_kept=True)
        self.the_output_is_that_of_the_straight_run()
        assert self.task.status is Status.COMPLETED
        self.kept.close()

    @property
    def task(self) -> Task:
        return self.kept.task(self.task_id)

    @precondition(lambda self: self.task.due_at is not None)
    @rule(is_answered=st.booleans())
    def claim(self, is_answered: bool) -> None:
        """A worker claims once the previous one has left; if the answer is lost, it asks again."""
        leaving = self.task.leaving
        if leaving is not None:
            self.kept.do(lambda unit: runs.beat(unit, leaving, []))
        task = self.task
        asked = said(task, status=Status.PROCESSING, claim=f"{next(self.claims):032x}")
        [judged] = self.kept.report(asked)
        if not is_answered:
            [judged] = self.kept.report(asked)
        assert judged.outcome is (Outcome.APPLIED if is_answered else Outcome.DUPLICATE)
        assert judged.task is not None
        assert judged.task.input == output(self.stages[: task.position])
        assert (self.round, task.stage) not in self.passed
        self.executions.append(Execution(judged.task, str(asked.claim)))
        self.past.append(asked)

    @precondition(lambda self: self.executions)
    @rule(execution=st.integers(0, 99), is_kept=st.booleans())
    def finish(self, execution: int, is_kept: bool) -> None:
        """A handler returns; it may be that of a worker that was lost, and the API may be killed before it commits."""
        running = self.executions[execution % len(self.executions)] if execution >= 0 else self.executions[-1]
        before = self.task
        outcome = self._say(running.end, is_kept=is_kept)
        holds = before.is_held and (before.run, before.claim) == (running.task.run, running.claim)
        assert (outcome is Outcome.APPLIED) == holds
        self.past.append(running.end)

    @precondition(lambda self: self.executions)
    @rule(execution=st.integers(0, 99))
    def fail(self, execution: int) -> None:
        """A handler raises."""
        report = self.executions[execution % len(self.executions)].report(status=Status.ERROR, error=FAILED)
        self.kept.report(report)
        self.past.append(report)

    @precondition(lambda self: self.task.is_held)
    @rule(crashed=st.booleans())
    def lose(self, crashed: bool) -> None:
        """The worker that holds the run is lost, or stops."""
        self._release(crashed=crashed)

    @precondition(lambda self: self.task.is_held)
    @rule()
    def take_too_long(self) -> None:
        """The run comes over its limit."""
        task = self.task
        held = HeldRun(task.task_id, task.run, task.claim or "", task.run_limit + 1)
        assert self.kept.do(lambda unit: runs.time_out(unit, [held])) == 1

    @precondition(lambda self: not self.task.status.is_final)
    @rule()
    def cancel(self) -> None:
        """Somebody cancels it."""
        self.kept.do(lambda unit: tasks.cancel(unit, self.task_id, None))

    @precondition(lambda self: self.task.status.is_final)
    @rule()
    def retry(self) -> None:
        """Somebody wants it once more."""
        self.round += self.task.status is Status.COMPLETED
        self.kept.do(lambda unit: tasks.retry(unit, self.task_id, None))

    @precondition(lambda self: self.past)
    @rule(which=st.integers(0, 99))
    def say_again(self, which: int) -> None:
        """A report comes a second time."""
        before = self.task
        if self._say(self.past[which % len(self.past)]) is not Outcome.APPLIED:
            assert self.task == before

    @precondition(lambda self: not self.task.status.is_final)
    @rule()
    def intrude(self) -> None:
        """Somebody says that the run has ended who does not hold it."""
        forged = said(self.task, claim=f"{next(self.claims):032x}", status=Status.COMPLETED, result="forged")
        assert self._say(forged) is Outcome.REFUSED

    @invariant()
    def the_output_is_that_of_the_straight_run(self) -> None:
        """What is there is what would be there had nothing happened."""
        if hasattr(self, "kept"):
            task = self.task
            assert task.result in (None, output(self.stages))
            assert (task.status is Status.COMPLETED) == (task.result is not None)
            left = {stage: output(self.stages[: place + 1]) for place, stage in enumerate(self.stages[: task.position])}
            assert self.kept.left(task) == left

    def _say(self, report: Report, *, is_kept: bool = True) -> Outcome:
        before = self.task
        [[judged]] = self.kept.transact(lambda unit: reports.report(unit, [report]), is_kept=is_kept)
        if judged.outcome is Outcome.APPLIED and report.status is Status.COMPLETED and is_kept:
            self.passed.add((self.round, str(before.stage)))
        return judged.outcome

    def _release(self, *, crashed: bool) -> None:
        task = self.task
        held = HeldRun(task.task_id, task.run, task.claim or "")
        assert self.kept.do(lambda unit: runs.release(unit, [held], crashed=crashed)) == 1


TestTrouble = Trouble.TestCase
