"""The store, on a real file."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import replace
from typing import Any

import pytest

from waybill.domain.errors import (
    ExternalKeyTaken,
    IdempotencyKeyReused,
    Invalid,
    TaskIsNotFinal,
    TaskNotFound,
    TaskTypeExists,
    TaskTypeInUse,
    TaskTypeNotFound,
    WorkerGone,
)
from waybill.domain.event import EventKind
from waybill.domain.report import Report, TaskKey
from waybill.domain.status import Outcome, Status
from waybill.domain.task import Task
from waybill.domain.task_type import TaskType
from waybill_api.search.query import Query
from waybill_api.store import commands, tables
from waybill_api.store.commands.runs import HeldRun
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine.database import writing
from waybill_api.store.finding import finder
from waybill_api.store.store import Store
from waybill_api.store.tables import tasks
from waybill_api.store.tables.idempotency import IdempotencyKey

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
pytestmark = pytest.mark.gen_test
CLAIM = "a" * 32


async def found(store: Store, query: Query, after: str | None, limit: int) -> list[Task]:
    return (await store.read(finder.find, query, after, limit, newest=False)).tasks


def draft(**fields: Any) -> TaskDraft:
    common: dict[str, Any] = {"name": "n", "processing_time": 1}
    return TaskDraft(**common | fields)


def claim(task_id: str, **fields: Any) -> Report:
    common: dict[str, Any] = {"task_id": task_id, "run": 1, "claim": CLAIM, "source": "w", "status": Status.PROCESSING}
    return Report(**common | fields)


async def claimed(store: Store, **fields: Any) -> str:
    [task_id] = await store.write(commands.tasks.create, [draft()])
    [judged] = await store.insist(commands.reports.report, [claim(task_id, **fields)])
    assert judged.outcome is Outcome.APPLIED
    return task_id


async def test_what_was_created_is_there_after_the_store_was_opened_again(open_store: OpenStore) -> None:
    async with open_store() as store:
        [task_id] = await store.write(commands.tasks.create, [draft(input={"a": [1, "ж"]}, metadata={"k": True})])
        before = store.look_up(tables.tasks.load, task_id)
    async with open_store() as store:
        assert store.look_up(tables.tasks.load, task_id) == before
        assert (before.input, before.metadata, before.status) == ({"a": [1, "ж"]}, {"k": True}, Status.NEW)
        with pytest.raises(TaskNotFound):
            store.look_up(tables.tasks.load, "nothing")


async def test_ids_rise_across_openings(open_store: OpenStore) -> None:
    ids = []
    for _ in range(3):
        async with open_store() as store:
            ids += await store.write(commands.tasks.create, [draft(), draft()])
    assert ids == sorted(set(ids))


async def test_a_draft_takes_what_it_does_not_say_from_its_type(open_store: OpenStore) -> None:
    task_type = TaskType(name="nap", handler="sleep", processing_time=5, priority=7, max_attempts=3, timeout=9)
    async with open_store() as store:
        await store.write(commands.task_types.create, task_type)
        [task_id] = await store.write(commands.tasks.create, [TaskDraft(name="n", type="nap")])
        task = store.look_up(tables.tasks.load, task_id)
        assert (task.handler, task.processing_time, task.priority, task.max_attempts, task.timeout) == (
            "sleep",
            5,
            7,
            3,
            9,
        )


async def test_a_batch_is_created_as_a_whole_or_not_at_all(open_store: OpenStore) -> None:
    async with open_store() as store:
        for bad in (draft(type="nothing"), draft(processing_time=None)):
            with pytest.raises(Invalid) as caught:
                await store.write(commands.tasks.create, [draft(), bad])
            assert caught.value.index == 1
        with pytest.raises(ExternalKeyTaken):
            await store.write(commands.tasks.create, [draft(external_key="k"), draft(external_key="k")])
        assert await found(store, Query(), None, 10) == []


async def test_an_external_key_is_unique_within_its_type(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.write(commands.task_types.create, TaskType(name="other"))
        [task_id], _ = await asyncio.gather(
            store.write(commands.tasks.create, [draft(external_key="k")]),
            store.write(commands.tasks.create, [draft(external_key="k", type="other")]),
        )
        with pytest.raises(ExternalKeyTaken) as caught:
            await store.write(commands.tasks.create, [draft(external_key="k")])
        assert caught.value.facts["task_id"] == task_id


async def test_one_key_makes_one_task_however_many_ask_at_once(open_store: OpenStore) -> None:
    key = IdempotencyKey("key", "print")
    async with open_store() as store:
        answers = await asyncio.gather(*(store.write(commands.tasks.create, [draft()], key) for _ in range(64)))
        assert len({tuple(answer) for answer in answers}) == 1
        assert len(await found(store, Query(), None, 10)) == 1
        with pytest.raises(IdempotencyKeyReused):
            await store.write(commands.tasks.create, [draft()], IdempotencyKey("key", "another print"))
    async with open_store() as store:
        assert await store.write(commands.tasks.create, [draft()], key) == answers[0]


async def test_many_reports_on_a_task_become_one_write_and_each_gets_its_outcome(open_store: OpenStore) -> None:
    async with open_store() as store:
        [task_id] = await store.write(commands.tasks.create, [draft()])
        judged = await store.insist(
            commands.reports.report,
            [
                claim(task_id),
                claim(task_id),
                claim(task_id, claim="b" * 32),
                claim(task_id, status=Status.COMPLETED, result=1),
                Report(task_id="nothing"),
            ],
        )
        assert [one.outcome.value for one in judged] == ["applied", "duplicate", "refused", "applied", "unknown"]
        assert [one.task is not None for one in judged] == [True, True, True, False, False]
        history = await store.read(tables.events.page, task_id, 0, 10)
        assert [(event.kind.value, event.outcome.value, event.task_status) for event in history] == [
            ("create", "applied", 1),
            ("claim", "applied", 2),
            ("report", "duplicate", 2),
            ("report", "refused", 2),
            ("report", "applied", 3),
        ]
        assert CLAIM not in repr(history)


async def test_of_many_claims_at_once_one_wins(open_store: OpenStore) -> None:
    async with open_store() as store:
        [task_id] = await store.write(commands.tasks.create, [draft()])
        claims = [claim(task_id, claim=f"{n:032x}", source=f"w{n}") for n in range(32)]
        judged = await asyncio.gather(*(store.insist(commands.reports.report, [one]) for one in claims))
        assert [outcome for [(outcome)] in [[one.outcome for one in answer] for answer in judged]].count(
            Outcome.APPLIED
        ) == 1


async def test_a_paused_type_grants_no_claim_until_it_is_resumed(open_store: OpenStore) -> None:
    async with open_store() as store:
        [task_id] = await store.write(commands.tasks.create, [draft()])
        await store.write(commands.task_types.change, "sleep", {"paused": True})
        assert (await store.insist(commands.reports.report, [claim(task_id)]))[0].outcome is Outcome.REFUSED
        await store.write(commands.task_types.change, "sleep", {"paused": False})
        assert (await store.insist(commands.reports.report, [claim(task_id)]))[0].outcome is Outcome.APPLIED


async def test_a_gone_worker_loses_its_runs_and_cannot_claim_any_more(open_store: OpenStore) -> None:
    async with open_store() as store:
        task_id = await claimed(store)
        assert await store.read(tables.workers.holders) == ["w"]
        assert await store.insist(commands.runs.gone, "w", crashed=True) == 1
        assert await store.insist(commands.runs.gone, "w", crashed=True) == 0
        task = store.look_up(tables.tasks.load, task_id)
        assert (task.status, task.run, task.crashes, task.claim) == (Status.PROCESSING, 2, 1, None)
        assert (await store.insist(commands.reports.report, [claim(task_id, run=2)]))[0].outcome is Outcome.REFUSED
        with pytest.raises(WorkerGone):
            await store.insist(commands.runs.beat, "w", [])
        assert await store.read(tables.workers.holders) == []


async def test_a_beat_tells_what_is_lost_and_what_is_not_listed(open_store: OpenStore) -> None:
    async with open_store() as store:
        kept, cancelled, unlisted = [await claimed(store) for _ in range(3)]
        await store.write(commands.tasks.cancel, cancelled)
        lost, missing = await store.insist(
            commands.runs.beat, "w", [HeldRun(kept, 1, CLAIM), HeldRun(cancelled, 1, CLAIM)]
        )
        assert lost == [(cancelled, 1)]
        assert missing == [HeldRun(unlisted, 1, CLAIM)]
        assert (await store.insist(commands.runs.beat, "w", [HeldRun(kept, 1, "b" * 32)]))[0] == [(kept, 1)]


async def test_a_run_over_its_limit_is_timed_out_by_the_beat(open_store: OpenStore) -> None:
    async with open_store() as store:
        task_id = await claimed(store)
        assert await store.insist(commands.runs.beat, "w", [HeldRun(task_id, 1, CLAIM, elapsed=60.9)]) == ([], [])
        lost, _ = await store.insist(commands.runs.beat, "w", [HeldRun(task_id, 1, CLAIM, elapsed=61.1)])
        assert lost == [(task_id, 1)]
        task = store.look_up(tables.tasks.load, task_id)
        assert task.error is not None
        assert (task.status, task.error.code) == (Status.ERROR, "timeout")
        assert [event.kind for event in await store.read(tables.events.page, task_id, 0, 10)][-1] is EventKind.TIMEOUT


async def test_only_a_final_task_is_deleted_and_its_history_goes_along(open_store: OpenStore) -> None:
    async with open_store() as store:
        [task_id] = await store.write(commands.tasks.create, [draft(external_key="k")])
        with pytest.raises(TaskIsNotFinal):
            await store.write(commands.tasks.delete, task_id)
        await store.write(commands.tasks.cancel, task_id)
        await store.write(commands.tasks.delete, task_id)
        with pytest.raises(TaskNotFound):
            store.look_up(tables.tasks.load, task_id)
        with pytest.raises(TaskNotFound):
            await store.write(commands.tasks.delete, task_id)
        assert await store.read(tables.events.page, None, 0, 10) == []
        await store.write(commands.tasks.create, [draft(external_key="k")])


async def test_types_are_created_changed_and_deleted(open_store: OpenStore) -> None:
    async with open_store() as store:
        created = await store.write(commands.task_types.create, TaskType(name="nap", handler="sleep"))
        assert created.created_at > 0
        with pytest.raises(TaskTypeExists):
            await store.write(commands.task_types.create, TaskType(name="nap"))
        changed = await store.write(commands.task_types.change, "nap", {"title": "A nap"})
        assert await store.read(tables.task_types.load, "nap") == changed
        assert changed == replace(created, title="A nap", edited=("title",))
        assert [task_type.name for task_type in await store.read(tables.task_types.page)] == ["nap", "sleep"]
        [task_id] = await store.write(commands.tasks.create, [draft(type="nap")])
        with pytest.raises(TaskTypeInUse):
            await store.write(commands.task_types.delete, "nap")
        await store.write(commands.tasks.cancel, task_id)
        await store.write(commands.tasks.delete, task_id)
        await store.write(commands.task_types.delete, "nap")
        for missing in (
            store.read(tables.task_types.load, "nap"),
            store.write(commands.task_types.change, "nap", {}),
            store.write(commands.task_types.delete, "nap"),
        ):
            with pytest.raises(TaskTypeNotFound):
                await missing


async def test_a_page_shows_the_newest_last_and_heeds_every_filter(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.write(commands.task_types.create, TaskType(name="other"))
        ids = await store.write(
            commands.tasks.create, [draft(external_key=str(n), type="sleep" if n % 2 else "other") for n in range(6)]
        )
        await store.insist(commands.reports.report, [Report(task_id=ids[0], status=Status.COMPLETED, stage="s")])
        first = await found(store, Query(), None, 4)
        rest = await found(store, Query(), first[-1].task_id, 4)
        assert [task.task_id for task in [*first, *rest]] == ids
        created = store.look_up(tables.tasks.load, ids[0]).created_at
        for chosen, expected in [
            (Query(statuses=(Status.COMPLETED,)), ids[:1]),
            (Query(stages=("s",)), ids[:1]),
            (Query(types=("sleep",)), ids[1::2]),
            (Query(types=("sleep",), keys=("3",)), ids[3:4]),
            (Query(types=("other",), keys=("3",)), []),
            (Query(keys=("4",)), ids[4:5]),
            (Query(created_from=created, created_to=created + 1), ids),
            (Query(created_from=created + 1), []),
            (Query(created_to=created), []),
            (Query(silent=True), []),
            (Query(silent=False), ids),
        ]:
            assert [task.task_id for task in await found(store, chosen, None, 10)] == expected


async def test_who_waits_for_a_task_is_woken_when_it_ends_and_when_the_store_closes(open_store: OpenStore) -> None:
    async with open_store() as store:
        [first, second] = await store.write(commands.tasks.create, [draft(), draft()])
        ends, cancelled, never = store.finals.wait(first), store.finals.wait(first), store.finals.wait(second)
        cancelled.cancel()
        await store.insist(commands.reports.report, [claim(first)])
        assert not ends.done()
        await store.write(commands.tasks.cancel, first)
        await asyncio.wait_for(ends, 5)
        assert not never.done()
    await asyncio.wait_for(never, 5)


async def test_a_key_is_looked_up_as_the_transaction_sees_it(open_store: OpenStore) -> None:
    key = TaskKey("sleep", "k")
    said = Report(key=key, metadata={"a": 1})
    async with open_store() as store:
        [before] = await store.insist(commands.reports.report, [said])
        created, inside, after = await asyncio.gather(
            store.write(commands.tasks.create, [draft(external_key="k")]),
            store.insist(commands.reports.report, [said]),
            store.insist(commands.reports.report, [said, replace(said, seq=1)]),
        )
        assert before.task_id is None
        assert before.outcome is Outcome.UNKNOWN
        assert {judged.task_id for judged in inside + after} == set(created)
        await store.write(commands.tasks.cancel, created[0])
        _, gone = await asyncio.gather(
            store.write(commands.tasks.delete, created[0]), store.insist(commands.reports.report, [said])
        )
        assert gone[0].outcome is Outcome.UNKNOWN


async def test_many_keys_are_looked_up_by_the_index_with_few_queries(open_store: OpenStore) -> None:
    async with open_store() as store:
        ids = await store.write(commands.tasks.create, [draft(external_key=str(n)) for n in range(600)])
        with closing(sqlite3.connect(store.path)) as connection:
            statements: list[str] = []
            connection.set_trace_callback(statements.append)
            found = tasks.by_keys(connection, [TaskKey("sleep", str(n)) for n in range(700)])
            connection.set_trace_callback(None)
            assert [found[TaskKey("sleep", str(n))] for n in range(600)] == ids
            assert len(found) == 600
            assert len(statements) < 5
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}")]
            assert any("INDEX tasks_external_key (type=? AND external_key=?)" in step for step in plan)


async def test_a_list_of_one_key_needs_no_scan(open_store: OpenStore) -> None:
    async with open_store() as store:
        [task_id] = await store.write(commands.tasks.create, [draft(external_key="k")])
        with closing(writing(store.path)) as database:
            statements: list[str] = []
            database.connection().set_trace_callback(statements.append)
            for chosen in (Query(keys=("k",)), Query(types=("sleep",), keys=("k",))):
                page = finder.find(database.connection(), chosen, "0", 10, newest=False)
                assert [task.task_id for task in page.tasks] == [task_id]
            database.connection().set_trace_callback(None)
            selects = [statement for statement in statements if "ORDER BY" in statement]
            plans = [str([row[3] for row in database.execute_sql(f"EXPLAIN QUERY PLAN {one}")]) for one in selects]
            assert len(plans) == 2
            assert all("INDEX tasks_external_key (type=? AND external_key=?)" in plan for plan in plans)


async def test_arguments_are_checked_where_they_are_handed_over(open_store: OpenStore) -> None:
    # mypy finds each fault: it complains of every comment below that it does not need.
    async with open_store() as store:
        with pytest.raises(TypeError):
            await store.write(commands.tasks.cancel)  # type: ignore[call-arg]
        with pytest.raises(AttributeError):
            await store.insist(commands.silence.silence, 5)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            await store.read(finder.find, Query(), None, 1)  # type: ignore[call-arg]
        with pytest.raises(AttributeError):
            store.look_up(commands.tasks.cancel, "a task")  # type: ignore[arg-type]
