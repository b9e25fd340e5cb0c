"""The store as the handlers see it: every write resolves after its COMMIT, every read sees what was committed."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Any, Self, TypeVar

from peewee import PeeweeException

from waybill.domain.account import Account, Session
from waybill.domain.audit import Deed
from waybill.domain.errors import StoreFails, TaskNotFound, TaskTypeNotFound, Unavailable
from waybill.domain.event import Event
from waybill.domain.report import Report
from waybill.domain.route import handler_of, type_of
from waybill.domain.stage import StageResult
from waybill.domain.task import Task
from waybill.domain.task_type import TaskType
from waybill.host.sqlite import SqliteTooOld, check_sqlite
from waybill_api.conditions import Conditions
from waybill_api.search.query import Query
from waybill_api.store import commands
from waybill_api.store.commands.bulk import Action, Carried
from waybill_api.store.commands.following import FIRST, Followed
from waybill_api.store.commands.reports import Judged
from waybill_api.store.commands.runs import HeldRun
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine.clock import Clock
from waybill_api.store.engine.database import reading, writing
from waybill_api.store.engine.ids import Ids
from waybill_api.store.engine.migrations import DatabaseUnusable, migrate
from waybill_api.store.engine.trouble import Trouble
from waybill_api.store.finding import finder
from waybill_api.store.finding.finder import Found, FoundIds
from waybill_api.store.followers.feed import Feed
from waybill_api.store.followers.finals import Finals
from waybill_api.store.followers.statistics import MINUTE, MINUTES, REMEMBERED, Statistics
from waybill_api.store.followers.whereabouts import Standing, Whereabouts
from waybill_api.store.tables import (
    accounts,
    audit,
    events,
    failures,
    lanes,
    searched,
    sessions,
    stage_results,
    stage_times,
    tallies,
    task_types,
    tasks,
)
from waybill_api.store.tables import idempotency as idempotency_keys
from waybill_api.store.tables import installation as installation_row
from waybill_api.store.tables import workers as worker_rows
from waybill_api.store.tables.events import Chosen, Line, Part
from waybill_api.store.tables.failures import Failure, Place
from waybill_api.store.tables.idempotency import IdempotencyKey
from waybill_api.store.tables.lanes import Lane
from waybill_api.store.tables.tasks import Oldest
from waybill_api.store.writing.listeners import Listener
from waybill_api.store.writing.unit import Unit
from waybill_api.store.writing.wishes import Operation
from waybill_api.store.writing.writer import Writer, WriterStopped

READERS = 2
OPENING_SECONDS = 5.0
"""Seconds that a start waits for a lock of another program."""
GONE_WORKERS_KEPT = 7 * 24 * 3_600_000
DEEDS_KEPT = 400 * 24 * 3_600_000

T = TypeVar("T")


class Store:
    """Tasks, their history and their types. Its coroutines belong to the loop that opened it."""

    def __init__(self, path: Path, clock: Clock, on_death: Callable[[], None]) -> None:
        """Bring the database at `path` up to date; `on_death` is called should the writer ever fail.

        Raises DatabaseUnusable. Whoever opens a store holds the lock on its data directory.
        """
        self.path = path
        self.clock = clock
        self.conditions = Conditions()
        """The conditions that keep the store, or the API around it, from serving."""
        self._trouble = Trouble(path, self.conditions)
        try:
            check_sqlite()
            database = writing(path, OPENING_SECONDS)
            with database.connection_context():
                migrate(database)
                tasks.bound_delays(database.connection(), clock.now())
                tasks.bound_silences(database.connection(), clock.now())
                ids = Ids(tasks.last_id(database.connection()))
                self.installation = installation_row.get(database.connection())
                """The id of the installation; None if the database was opened without its data directory."""
                self._whereabouts = Whereabouts(
                    tasks.open_by_stage(database.connection()), stage_times.everything(database.connection())
                )
                now = clock.now()
                self.statistics = Statistics(
                    tallies.everything(database.connection()),
                    tasks.recent(database.connection(), now - MINUTES * MINUTE, now, REMEMBERED),
                )
                """How it goes."""
        except SqliteTooOld as error:
            raise DatabaseUnusable(str(error)) from None
        except (PeeweeException, sqlite3.Error, OSError) as error:
            raise DatabaseUnusable(f"{path} cannot be used: {error}") from error
        loop = asyncio.get_running_loop()
        self._finals = Finals(loop)
        self.feed = Feed(loop, self._lines, self._newest_event)
        """The history as it is being written."""
        self._database = reading(path)
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._writer = Writer(path, clock, ids, on_death, self.conditions)
        self._writer.listen(self._finals.notice)
        self._writer.listen(self._whereabouts.notice)
        self._writer.listen(self.statistics.notice)
        self._writer.listen(self.feed.notice)

    @classmethod
    def open(cls, path: Path, clock: Clock, on_death: Callable[[], None]) -> Self:
        """Open the store and start its writer."""
        store = cls(path, clock, on_death)
        store._writer.start()
        return store

    async def open_readers(self) -> None:
        """Open the connection of each reading thread, while there are descriptors for it."""
        together = Barrier(READERS)

        def open_own() -> None:
            together.wait()
            self._database.connection()

        self._database.connection()
        await asyncio.gather(*(self._read(open_own) for _ in range(READERS)))

    def close(self) -> None:
        """Do what was submitted, and close; the writer goes last, since the last one out checkpoints."""
        self._finals.wake_all()
        with suppress(WriterStopped, Unavailable):
            self._writer.submit(self._keep_times)
            self._writer.submit(lambda unit: installation_row.end_log(unit.connection))
        # Each reading thread closes its own connection: none takes a second turn before all have come.
        together = Barrier(READERS)

        def close_own() -> None:
            together.wait()
            self._database.close()

        for _ in range(READERS):
            self._readers.submit(close_own)
        self._readers.shutdown()
        self._database.close()
        self._writer.stop()

    def listen(self, listener: Listener, *, is_vital: bool = False) -> None:
        """Tell `listener` of every commit, in the writer's thread; if a vital one fails, the API has to restart."""
        self._writer.listen(listener, is_vital=is_vital)

    # Writes. Those of clients raise Overloaded if too many wait; reports and upkeep never do.

    async def create(self, drafts: Sequence[TaskDraft], given: IdempotencyKey | None = None) -> list[str]:
        """Create all of the tasks or none. Raises Invalid, ExternalKeyTaken, IdempotencyKeyReused, StorageFull."""
        return await self._wish(lambda unit: commands.tasks.create(unit, drafts, given))

    async def report(self, reports: Sequence[Report], *, malformed: int = 0) -> list[Judged]:
        """Judge and fold reports, in their order, and count those that came with them but cannot be read."""
        return await self._writer.submit(lambda unit: commands.reports.report(unit, reports, malformed))

    async def cancel(self, task_id: str, attempt: int | None = None) -> Task:
        """End a task in ERROR `cancelled`. Raises TaskNotFound, TaskIsFinal, AttemptHasMoved."""
        return await self._wish(lambda unit: commands.tasks.cancel(unit, task_id, attempt))

    async def retry(self, task_id: str, attempt: int | None = None) -> Task:
        """Open another attempt of a final task. Raises TaskNotFound, TaskIsNotFinal, AttemptHasMoved."""
        return await self._wish(lambda unit: commands.tasks.retry(unit, task_id, attempt))

    async def delete(self, task_id: str) -> None:
        """Remove a final task and its history. Raises TaskNotFound, TaskIsNotFinal."""
        await self._wish(lambda unit: commands.tasks.delete(unit, task_id))

    async def create_type(self, task_type: TaskType) -> TaskType:
        """Add a task type. Raises TaskTypeExists."""
        return await self._wish(lambda unit: commands.task_types.create(unit, task_type))

    async def change_type(
        self, name: str, changes: Mapping[str, Any], condition: Callable[[TaskType], None] | None = None
    ) -> TaskType:
        """Change fields of a task type. Raises TaskTypeNotFound, Invalid, and what the condition raises."""
        return await self._wish(lambda unit: commands.task_types.change(unit, name, changes, condition))

    async def delete_type(self, name: str, condition: Callable[[TaskType], None] | None = None) -> None:
        """Remove a task type. Raises TaskTypeNotFound, TaskTypeInUse, and what the condition raises."""
        await self._wish(lambda unit: commands.task_types.delete(unit, name, condition))

    async def beat(self, worker_id: str, runs: Sequence[HeldRun]) -> tuple[list[tuple[str, int]], list[HeldRun]]:
        """Return a worker's listed runs that are lost, and its runs that it does not list. Raises WorkerGone."""
        return await self._writer.submit(lambda unit: commands.runs.beat(unit, worker_id, runs))

    async def drain(self, worker_id: str, *, wanted: bool) -> None:
        """Ask a worker to take no more tasks, or to go on. Raises WorkerGone."""
        await self._wish(lambda unit: commands.runs.drain(unit, worker_id, wanted=wanted))

    async def release(self, runs: Sequence[HeldRun], *, crashed: bool) -> int:
        """Take runs from their worker, and return how many it still held."""
        return await self._writer.submit(lambda unit: commands.runs.release(unit, runs, crashed=crashed))

    async def gone(self, worker_id: str, *, crashed: bool) -> int:
        """Declare a worker gone, and return how many runs were taken from it."""
        return await self._writer.submit(lambda unit: commands.runs.gone(unit, worker_id, crashed=crashed))

    async def carry_out(self, action: Action, task_ids: Sequence[str]) -> Carried:
        """Cancel, retry or delete many tasks, as far as each allows it; in one transaction, so let there be few."""
        return await self._wish(lambda unit: commands.bulk.carry_out(unit, action, task_ids))

    async def take_in(self, limit: int) -> bool:
        """Take up to so many events into what search knows; return whether there may be more."""
        return await self._writer.submit(lambda unit: commands.search.take_in(unit, limit))

    async def create_account(self, account: Account) -> Account:
        """Add an account. Raises AccountExists."""
        return await self._wish(lambda unit: commands.accounts.create(unit, account))

    async def change_account(
        self, name: str, changes: Mapping[str, Any], condition: Callable[[Account], None] | None = None
    ) -> Account:
        """Change an account and end its sessions. Raises AccountNotFound, LastAdmin, and what the condition raises."""
        return await self._wish(lambda unit: commands.accounts.change(unit, name, changes, condition))

    async def delete_account(self, name: str, condition: Callable[[Account], None] | None = None) -> None:
        """Remove an account and its sessions. Raises AccountNotFound, LastAdmin, and what the condition raises."""
        await self._wish(lambda unit: commands.accounts.delete(unit, name, condition))

    async def open_session(self, account: Account, digest: str, lifetime: int) -> None:
        """Keep a login, for so many milliseconds at most. Raises AccountNotFound where the account has changed."""
        await self._writer.submit(lambda unit: commands.accounts.open_session(unit, account, digest, lifetime))

    async def renew_session(self, account: Account, changes: Mapping[str, Any], digest: str, lifetime: int) -> None:
        """Change an account, end its sessions and keep a new one. Raises AccountNotFound, LastAdmin."""
        await self._writer.submit(
            lambda unit: commands.accounts.renew_session(unit, account, changes, digest, lifetime)
        )

    async def touch_session(self, digest: str) -> None:
        """Note that a session is in use."""
        await self._writer.submit(lambda unit: sessions.touch(unit.connection, digest, unit.now))

    async def close_session(self, digest: str) -> None:
        """End a session."""
        await self._writer.submit(lambda unit: sessions.delete(unit.connection, digest))

    async def record(self, deed: Deed) -> None:
        """Append to the audit log."""
        await self._writer.submit(lambda unit: audit.insert(unit.connection, deed, unit.now))

    async def prune(self) -> None:
        """Forget old Idempotency-Keys, workers, sessions and lines of the audit log."""
        await self._writer.submit(lambda unit: idempotency_keys.forget(unit.database, unit.now))
        await self._writer.submit(lambda unit: worker_rows.forget(unit.database, unit.now - GONE_WORKERS_KEPT))
        await self._writer.submit(lambda unit: sessions.forget(unit.connection, unit.now))
        await self._writer.submit(lambda unit: audit.forget(unit.connection, unit.now - DEEDS_KEPT))

    async def keep_times(self) -> None:
        """Keep how long tasks have stayed at their stages."""
        await self._writer.submit(self._keep_times)

    async def silence(self, silent_since: Mapping[int, int]) -> list[str]:
        """Mark or end tracked tasks of which there was no news after a time, given by `stage_timeout`; return some ids.

        They are taken in portions: where any are returned, there may be more.
        """
        return await self._writer.submit(lambda unit: commands.silence.silence(unit, silent_since))

    async def give_up(self, due_before: Mapping[str, int]) -> int:
        """End tasks of these routes that have been due since before a time, a portion of them; return how many."""
        return await self._writer.submit(lambda unit: commands.unserved.give_up(unit, due_before))

    async def follow(self, lane: Lane, after: tuple[int, str] = FIRST) -> Followed:
        """Give a portion of the tasks that wait in a lane the handler of their type."""
        return await self._writer.submit(lambda unit: commands.following.follow(unit, lane, after))

    async def ready(self) -> None:
        """Return once the writer has served a transaction. Raises WriterStopped."""
        await self._writer.submit(lambda unit: None)

    async def probe(self) -> None:
        """Write something, and read it. Raises StorageFull, Unavailable, WriterStopped."""
        written = await self._writer.submit(_stamp)
        if await self._read(lambda: self._database.pragma("user_version")) != written:
            raise StoreFails()

    def look_at_files(self) -> None:
        """Raise StoreLost if the database's files are not in place any more."""
        self._writer.look_at_files()

    def waits(self) -> float:
        """Return the seconds since the writer began its current transaction."""
        return self._writer.waits()

    # Reads

    def task(self, task_id: str) -> Task:
        """Return one task; it is one look-up by key, so it may run on the loop. Raises TaskNotFound."""
        task = self._look_up(lambda: tasks.get(self._database.connection(), task_id))
        if task is None:
            raise TaskNotFound()
        return task

    async def find(self, query: Query, after: str | None, limit: int, *, newest: bool) -> Found:
        """Return a page of the tasks that are looked for, behind the one with the id `after`, in a bounded time."""
        return await self._read(lambda: finder.find(self._database.connection(), query, after, limit, newest=newest))

    async def find_ids(self, query: Query, after: str | None, limit: int, seconds: float | None = None) -> FoundIds:
        """Return the ids of tasks that are looked for, newest first, as far as that is known in time."""
        return await self._read(
            lambda: finder.find_ids(self._database.connection(), query, after, limit, newest=True, seconds=seconds)
        )

    async def oldest_new(self) -> Task | None:
        """Return the task that was created first of those that are NEW."""
        return await self._read(lambda: tasks.oldest_new(self._database.connection()))

    async def waiting_routes(self) -> list[str]:
        """Return the routes that have tasks to be handed out, paused types left out."""
        return await self._read(self._waiting_routes)

    def silent(self) -> dict[str, int]:
        """Return how many tasks are silent, by type."""
        return self._whereabouts.silent()

    async def unsearched(self) -> int:
        """Return how many events search does not know of yet."""
        return await self._read(lambda: searched.behind(self._database.connection()))

    async def failures(self, type_name: str | None, after: Place | None, limit: int) -> list[Failure]:
        """Return a page of what tasks in ERROR have in common, the group that was seen last first."""
        return await self._read(lambda: failures.latest(self._database.connection(), type_name, after, limit))

    async def events(self, task_id: str | None, after: int, limit: int) -> list[Event]:
        """Return a page of the history, of one task or of all, oldest first."""
        return await self._read(lambda: events.page(self._database.connection(), task_id, after, limit))

    async def latest_events(self, task_id: str, limit: int) -> list[Event]:
        """Return the last events of a task, oldest first."""
        return await self._read(lambda: events.latest(self._database.connection(), task_id, limit))

    async def look(self, chosen: Chosen, after: int, limit: int) -> Part:
        """Return a part of the history that is looked for in a bounded time, oldest first."""
        return await self._read(lambda: events.look(self._database.connection(), chosen, after, limit))

    async def stage_results(self, task: Task) -> list[StageResult]:
        """Return what the stages that a task has passed left, in their order."""
        if task.position == 0:
            return []
        asked = task.task_id, task.position, task.attempt
        return await self._read(lambda: stage_results.of_task(self._database.connection(), *asked))

    async def types(self, after: str | None = None, limit: int | None = None) -> list[TaskType]:
        """Return the task types after a name, by name: all, or up to `limit`."""
        return await self._read(lambda: task_types.page(self._database.connection(), after or "", limit))

    async def type(self, name: str) -> TaskType:
        """Return one task type. Raises TaskTypeNotFound."""
        task_type = await self._read(lambda: task_types.get(self._database.connection(), name))
        if task_type is None:
            raise TaskTypeNotFound()
        return task_type

    async def standings(self, name: str) -> tuple[TaskType, list[Standing], dict[str | None, Oldest]]:
        """Return a type, how its stages stand, and the oldest open task of each. Raises TaskTypeNotFound."""
        task_type = await self.type(name)
        standings = self._whereabouts.of(name, task_type.stages or ())
        places = [standing.stage for standing in standings if standing.tasks]
        return task_type, standings, await self._read(lambda: tasks.oldest(self._database.connection(), name, places))

    async def unserved(self, handlers: Set[str]) -> dict[str, int]:
        """Return the routes of tasks that wait for other handlers, with their types' `no_handler_after`, if any."""
        return await self._read(lambda: lanes.unserved(self._database, handlers))

    async def strays(self, handlers: Set[str]) -> dict[Lane, tuple[str, ...]]:
        """Return the lanes of tasks that wait for other handlers than these, with the handlers their types name now."""
        return await self._read(lambda: lanes.strays(self._database, handlers))

    async def handlers_of(self, routes: Collection[str]) -> frozenset[str]:
        """Return the handlers that a worker of version 0.1.0 has, by its routes: it calls a simple type by its name."""
        types = {one.name: one.handler for one in await self.types()}
        return frozenset(types.get(route) or handler_of(route) for route in routes)

    def is_gone(self, worker_id: str) -> bool:
        """Return whether a worker was declared gone; it is one look-up by key, so it may run on the loop."""
        return self._look_up(lambda: worker_rows.is_gone(self._database.connection(), worker_id))

    def is_draining(self, worker_id: str) -> bool:
        """Return whether a worker was asked to drain; it is one look-up by key, so it may run on the loop."""
        return self._look_up(lambda: worker_rows.is_draining(self._database.connection(), worker_id))

    async def watched_timeouts(self) -> list[int]:
        """Return every `stage_timeout`, in seconds, that some task may still run into."""
        return await self._read(lambda: tasks.watched_timeouts(self._database.connection()))

    async def accounts(self) -> list[Account]:
        """Return all accounts, by name."""
        return await self._read(lambda: accounts.everything(self._database.connection()))

    async def account(self, name: str) -> Account | None:
        """Return one account, None where there is none."""
        return await self._read(lambda: accounts.get(self._database.connection(), name))

    def session(self, digest: str) -> Session | None:
        """Return a session; it is one look-up by key, so it may run on the loop."""
        return self._look_up(lambda: sessions.get(self._database.connection(), digest))

    async def deeds(self, before: int | None, limit: int) -> list[Deed]:
        """Return a page of the audit log, newest first: of what was recorded before that number."""
        return await self._read(lambda: audit.page(self._database.connection(), before, limit))

    async def is_fresh(self) -> bool:
        """Return whether nobody has put anything into this database yet."""
        return await self._read(lambda: accounts.is_fresh(self._database.connection()))

    async def holders(self) -> list[str]:
        """Return the ids of the workers that hold a run or were asked to drain: somebody has to notice their end."""
        return await self._read(self._holders)

    def final(self, task_id: str) -> "asyncio.Future[None]":
        """Return a future that resolves once the task becomes final, or the store closes; cancel it to give up."""
        return self._finals.wait(task_id)

    def _holders(self) -> list[str]:
        connection = self._database.connection()
        return list({*tasks.holders(connection), *worker_rows.draining(connection)})

    def _waiting_routes(self) -> list[str]:
        paused = task_types.paused(self._database)
        return [route for route in lanes.routes(self._database.connection()) if type_of(route) not in paused]

    async def _lines(self, task_id: str | None, after: int, limit: int) -> list[Line]:
        return await self._read(lambda: events.lines(self._database.connection(), task_id, after, limit))

    async def _newest_event(self) -> int:
        return await self._read(lambda: events.newest(self._database.connection()))

    def _keep_times(self, unit: Unit) -> None:
        stage_times.put(unit.connection, self._whereabouts.unsaved())

    async def _wish(self, operation: Operation[T]) -> T:
        return await self._writer.submit(operation, may_refuse=True)

    def _look_up(self, query: Callable[[], T]) -> T:
        """Read. Raises Unavailable if the storage is to blame."""
        try:
            return query()
        except Exception as error:
            explained = self._trouble.explain(error)
            if explained is error:
                raise
            raise explained from error

    async def _read(self, query: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look_up, query)


def _stamp(unit: Unit) -> int:
    """Write the schema's number again: a write that changes nothing."""
    version = int(unit.database.pragma("user_version"))
    unit.connection.execute(f"PRAGMA user_version = {version}")
    return version
