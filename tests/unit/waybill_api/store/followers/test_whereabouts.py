"""Where the open tasks are: whatever happens, the counters say what a scan would find."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.databases import new_in_memory
from waybill.domain.errors import Conflict, NotFound
from waybill.domain.report import Report
from waybill.domain.status import Status
from waybill.domain.task import Task
from waybill.domain.task_type import TaskType
from waybill_api.store.commands import reports, silence, task_types, tasks
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine.ids import Ids
from waybill_api.store.followers.whereabouts import MOST_TIMED, Whereabouts
from waybill_api.store.tables import stage_times
from waybill_api.store.tables import tasks as rows
from waybill_api.store.writing.unit import Unit

TYPES = (
    TaskType(name="document", stage_timeout=30),
    TaskType(name="letter", stage_timeout=60, stage_timeout_ends=True),
    TaskType(name="clean", stages=("fetch", "parse", "store"), max_attempts=2, min_backoff=0),
)
NAMES = ("sleep", *(task_type.name for task_type in TYPES))
STATUSES = st.sampled_from([None, Status.PROCESSING, Status.COMPLETED, Status.ERROR])


class Kept:
    """A database in memory, the transactions on it, and the counters that follow them."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self._database = new_in_memory()
        self._ids = Ids()
        self.connection = self._database.connection()
        self.restart()
        self.transact(*(lambda unit, one=one: task_types.create(unit, one) for one in TYPES))

    def close(self) -> None:
        """Drop everything."""
        self._database.close()

    def restart(self) -> None:
        """Begin with what the database holds."""
        self.whereabouts = Whereabouts(rows.open_by_stage(self.connection), stage_times.everything(self.connection))

    def transact(self, *work: Callable[[Unit], Any], is_kept: bool = True) -> list[Any]:
        """Do everything in one transaction; what the present state does not allow is left out."""
        self.now += 1_000
        self.connection.execute("BEGIN IMMEDIATE")
        unit = Unit(self._database, self._ids, self.now)
        answers = []
        for one in work:
            try:
                answers.append(one(unit))
            except (Conflict, NotFound) as error:
                answers.append(error)
        unit.flush()
        self.connection.execute("COMMIT" if is_kept else "ROLLBACK")
        if is_kept:
            commit = unit.summary()
            for _, after in commit.changes:
                assert after is None or self.task(after.task_id) == after, "what is kept is what was decided"
            self.whereabouts.notice(commit)
        return answers

    def create(self, type_name: str) -> str:
        draft = TaskDraft(name="n", type=type_name, processing_time=1)
        return str(self.transact(lambda unit: tasks.create(unit, [draft], None))[0][0])

    def task(self, task_id: str) -> Task:
        found = rows.get(self.connection, task_id)
        assert found is not None
        return found

    def report(self, *said: Report) -> None:
        self.transact(lambda unit: reports.report(unit, said))

    def save(self) -> None:
        self.transact(lambda unit: stage_times.put(unit.connection, self.whereabouts.unsaved()))

    def look(self, seconds: int) -> None:
        """Look for tasks without news for their time, as if that had been served that much longer."""
        since = {timeout: self.now - 1_000 * (timeout - seconds) for timeout in rows.watched_timeouts(self.connection)}
        self.transact(lambda unit: silence.silence(unit, since))


@pytest.fixture
def kept() -> Iterator[Kept]:
    with closing(Kept()) as kept:
        yield kept


def said(task_id: str, **fields: Any) -> Report:
    return Report(**{"task_id": task_id, "source": "enricher"} | fields)


def claim_of(task: Task) -> dict[str, Any]:
    return {"run": task.run, "claim": "c" * 32, "source": "w"}


class Following(RuleBasedStateMachine):
    """Everything that moves tasks, several in one commit too."""

    @initialize()
    def begin(self) -> None:
        self.kept = Kept()
        self.task_ids: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "kept"):
            self.kept.close()

    def some(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.task_ids))

    @rule(type_name=st.sampled_from(NAMES))
    def create(self, type_name: str) -> None:
        self.task_ids.append(self.kept.create(type_name))

    @precondition(lambda self: self.task_ids)
    @rule(data=st.data(), is_kept=st.booleans(), count=st.integers(1, 3))
    def act(self, data: st.DataObject, is_kept: bool, count: int) -> None:
        self.kept.transact(*(self.deed(data) for _ in range(count)), is_kept=is_kept)

    def deed(self, data: st.DataObject) -> Callable[[Unit], Any]:
        task_id = self.some(data)
        kind = data.draw(st.sampled_from(["report", "report", "run", "run", "cancel", "retry", "delete"]))
        if kind == "cancel":
            return lambda unit: tasks.cancel(unit, task_id, None)
        if kind == "retry":
            return lambda unit: tasks.retry(unit, task_id, None)
        if kind == "delete":
            return lambda unit: tasks.delete(unit, task_id)
        status = data.draw(STATUSES)
        if kind == "run":

            def run(unit: Unit) -> Any:
                task = unit.load(task_id)
                return reports.report(unit, [said(task_id, status=status, **claim_of(task))])

            return run
        seq, stage = data.draw(st.integers(1, 9)), data.draw(st.sampled_from(["enrich", "translate", None]))
        report = said(task_id, seq=seq, stage=stage, status=status, metadata={"page": seq})
        return lambda unit: reports.report(unit, [report])

    @rule(seconds=st.integers(0, 90))
    def look(self, seconds: int) -> None:
        self.kept.look(seconds)

    @rule(is_saved=st.booleans())
    def restart(self, is_saved: bool) -> None:
        if is_saved:
            self.kept.save()
        self.kept.restart()

    @invariant()
    def counters_say_what_a_scan_finds(self) -> None:
        query = (
            "SELECT type, stage, silent_at IS NOT NULL, count(*) FROM tasks NOT INDEXED WHERE status < 3 GROUP BY 1,2,3"
        )
        scanned: Counter[tuple[str, str | None, str]] = Counter()
        for type_name, stage, is_silent, count in self.kept.connection.execute(query):
            scanned[type_name, stage, "tasks"] += count
            scanned[type_name, stage, "silent"] += count * is_silent
        counted: Counter[tuple[str, str | None, str]] = Counter()
        for name in NAMES:
            for standing in self.kept.whereabouts.of(name):
                counted[name, standing.stage, "tasks"] = standing.tasks
                counted[name, standing.stage, "silent"] = standing.silent
        assert +counted == +scanned

    @invariant()
    def the_index_finds_the_oldest(self) -> None:
        query = "SELECT type, stage, min(stage_since) FROM tasks NOT INDEXED WHERE status < 3 GROUP BY 1, 2"
        for type_name, stage, since in self.kept.connection.execute(query):
            assert rows.oldest(self.kept.connection, type_name, [stage])[stage].stage_since == since


TestFollowing = Following.TestCase


def test_a_stay_is_timed_when_the_task_goes_on_or_ends(kept: Kept) -> None:
    task_id = kept.create("document")
    for seq, stage in enumerate(["enrich", "translate"], 1):
        kept.now += 9_000
        kept.report(said(task_id, seq=seq, stage=stage))
    kept.now += 99_000
    kept.report(said(task_id, seq=3, status=Status.COMPLETED))
    timed = {standing.stage: standing for standing in kept.whereabouts.of("document")}
    assert {stage: standing.timed for stage, standing in timed.items()} == {None: 1, "enrich": 1, "translate": 1}
    assert timed["enrich"].p50 == pytest.approx(10, rel=0.05)
    assert timed["translate"].p95 == pytest.approx(100, rel=0.05)


def test_news_that_changes_no_stage_times_nothing_and_a_cancel_neither(kept: Kept) -> None:
    task_id = kept.create("document")
    kept.report(said(task_id, seq=1, stage="enrich"))
    kept.report(said(task_id, seq=2, stage="enrich", progress=0.5, status=Status.PROCESSING))
    kept.transact(lambda unit: tasks.cancel(unit, task_id, None))
    assert [(one.stage, one.timed) for one in kept.whereabouts.of("document")] == [(None, 1)]


def test_the_stages_of_a_pipeline_come_in_their_order_and_are_timed_as_they_are_passed(kept: Kept) -> None:
    stages = ("fetch", "parse", "store")
    task_id = kept.create("clean")
    for _ in stages:
        task = kept.task(task_id)
        kept.report(said(task_id, status=Status.PROCESSING, **claim_of(task)))
        kept.report(said(task_id, status=Status.COMPLETED, **claim_of(task)))
    kept.create("clean")
    standings = kept.whereabouts.of("clean", stages)
    assert [(one.stage, one.tasks, one.timed) for one in standings] == [
        ("fetch", 1, 1),
        ("parse", 0, 1),
        ("store", 0, 1),
    ]


def test_times_outlive_a_restart_once_they_are_kept_and_go_with_their_type(kept: Kept) -> None:
    task_id = kept.create("document")
    kept.report(said(task_id, seq=1, stage="enrich"))
    kept.save()
    kept.report(said(task_id, seq=2, stage="translate"))
    kept.restart()
    assert {one.stage: one.timed for one in kept.whereabouts.of("document")} == {None: 1, "translate": 0}
    kept.report(said(task_id, seq=3, status=Status.COMPLETED))
    kept.transact(lambda unit: tasks.delete(unit, task_id), lambda unit: task_types.delete(unit, "document"))
    kept.save()
    kept.restart()
    assert kept.whereabouts.of("document") == []


def test_times_are_kept_of_so_many_stages_only(kept: Kept) -> None:
    task_id = kept.create("document")
    for seq in range(1, MOST_TIMED + 9):
        kept.report(said(task_id, seq=seq, stage=f"stage {seq}"))
    assert len(kept.whereabouts.of("document")) == MOST_TIMED + 1


def test_a_silent_task_is_marked_once_until_there_is_news(kept: Kept) -> None:
    task_id = kept.create("document")
    kept.look(seconds=20)
    assert kept.task(task_id).silent_at is None
    kept.look(seconds=40)
    silent = kept.task(task_id)
    assert (silent.silent_at, silent.status, silent.heard_at) == (kept.now, Status.NEW, silent.created_at)
    kept.look(seconds=40)
    assert kept.task(task_id) == silent
    kept.report(said(task_id, seq=1, stage="enrich"))
    heard = kept.task(task_id)
    assert (heard.silent_at, heard.heard_at, heard.stage_since) == (None, kept.now, kept.now)
    kept.report(said(task_id, seq=1, stage="enrich"))
    assert kept.task(task_id) == heard, "a duplicate is no news"


def test_a_silent_task_ends_where_its_type_says_so(kept: Kept) -> None:
    task_id = kept.create("letter")
    kept.look(seconds=70)
    ended = kept.task(task_id)
    assert ended.error is not None
    assert (ended.status, ended.error.code, ended.silent_at) == (Status.ERROR, "timeout", None)
    assert ended.heard_at == ended.created_at
