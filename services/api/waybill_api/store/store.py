"""The store as the handlers see it: a write resolves after its COMMIT, a read sees what was committed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Concatenate, ParamSpec, Self, TypeVar

from waybill.domain.errors import StoreFails, Unavailable
from waybill.host.sqlite import SqliteTooOld, check_sqlite
from waybill.host.world import REAL, World
from waybill_api.conditions import Conditions
from waybill_api.store import tables
from waybill_api.store.engine.clock import Clock
from waybill_api.store.engine.database import DATABASE_ERRORS, Connection, reading, writing
from waybill_api.store.engine.ids import Ids
from waybill_api.store.engine.migrations import DatabaseUnusable, migrate
from waybill_api.store.engine.trouble import Trouble
from waybill_api.store.followers.feed import Feed
from waybill_api.store.followers.finals import Finals
from waybill_api.store.followers.input_rules import InputRules
from waybill_api.store.followers.statistics import MINUTE, MINUTES, REMEMBERED, Statistics
from waybill_api.store.followers.whereabouts import Whereabouts
from waybill_api.store.writing.listeners import Listener
from waybill_api.store.writing.unit import Unit
from waybill_api.store.writing.writer import Writer, WriterStopped

READERS = 2
OPENING_SECONDS = 5.0
"""Seconds that a start waits for a lock of another program."""

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """Tasks, their history and their types. Its coroutines belong to the loop that opened it."""

    def __init__(self, path: Path, clock: Clock, on_death: Callable[[], None], world: World = REAL) -> None:
        """Bring the database at `path` up to date; `on_death` is called if the writer fails.

        Raises DatabaseUnusable. The process must hold the lock of the data directory.
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
                connection: Connection = database.connection()
                tables.tasks.bound_delays(connection, clock.now())
                tables.tasks.bound_silences(connection, clock.now())
                ids = Ids(tables.tasks.last_id(connection), world)
                self.installation = tables.installation.get(connection)
                """The id of the installation; None if the database was opened without its data directory."""
                self.whereabouts = Whereabouts(
                    tables.tasks.open_by_stage(connection), tables.stage_times.everything(connection)
                )
                """The open tasks, by type and stage."""
                self.input_rules = InputRules(tables.task_types.page(connection))
                """What types say of the inputs of their tasks."""
                now = clock.now()
                self.statistics = Statistics(
                    tables.tallies.everything(connection),
                    tables.tasks.recent(connection, now - MINUTES * MINUTE, now, REMEMBERED),
                )
                """What happened to tasks, by the minute and by type."""
        except SqliteTooOld as error:
            raise DatabaseUnusable(str(error)) from None
        except (*DATABASE_ERRORS, OSError) as error:
            raise DatabaseUnusable(f"{path} cannot be used: {error}") from error
        loop = asyncio.get_running_loop()
        self.finals = Finals(loop)
        """Requests that wait for the end of a task."""
        self.feed = Feed(
            loop,
            lambda task_id, after, limit: self.read(tables.events.lines, task_id, after, limit),
            lambda: self.read(tables.events.newest),
        )
        """The latest lines of the history."""
        self._database = reading(path)
        self._readers = world.pool(READERS, "reader")
        self._writer = Writer(path, clock, ids, on_death, self.conditions, world)
        self._writer.listen(self.finals.notice)
        self._writer.listen(self.whereabouts.notice)
        self._writer.listen(self.statistics.notice)
        self._writer.listen(self.input_rules.notice)
        self._writer.listen(self.feed.notice)

    @classmethod
    def open(cls, path: Path, clock: Clock, on_death: Callable[[], None], world: World = REAL) -> Self:
        """Open the store and start its writer."""
        store = cls(path, clock, on_death, world)
        store._writer.start()
        return store

    async def open_readers(self) -> None:
        """Open the connection of each reading thread, while there are descriptors for it."""
        together = Barrier(READERS)

        def open_own(connection: Connection) -> None:
            together.wait()

        self._database.connection()
        await asyncio.gather(*(self.read(open_own) for _ in range(READERS)))

    def close(self) -> None:
        """Do all submitted operations, and close; the writer closes last, since the last connection checkpoints."""
        self.finals.wake_all()
        with suppress(WriterStopped, Unavailable):
            self._writer.submit(self._keep_times)
            self._writer.submit(lambda unit: tables.installation.end_log(unit.connection))
        # Each reading thread closes its own connection: none takes a second turn before all have come.
        together = Barrier(READERS)

        def close_own() -> None:
            together.wait()
            self.let_go()

        for _ in range(READERS):
            self._readers.submit(close_own)
        self._readers.shutdown()
        self.let_go()
        self._writer.stop()

    def let_go(self) -> None:
        """Close the connections that this thread has opened; a transaction under way is undone."""
        self._database.close()
        self._writer.let_go()

    def listen(self, listener: Listener, *, is_vital: bool = False) -> None:
        """Tell `listener` of every commit, in the writer's thread; if a vital one fails, the API has to restart."""
        self._writer.listen(listener, is_vital=is_vital)

    async def write(self, command: Callable[Concatenate[Unit, P], T], /, *given: P.args, **named: P.kwargs) -> T:
        """Run a command for a client, and return its result after the COMMIT.

        Raises what the command raises, StorageFull, Unavailable, WriterStopped, and Overloaded if too many wait.
        """
        return await self._writer.submit(lambda unit: command(unit, *given, **named), may_refuse=True)

    async def insist(self, command: Callable[Concatenate[Unit, P], T], /, *given: P.args, **named: P.kwargs) -> T:
        """Run a command as `write` does, but never raise Overloaded: for reports, logins, the audit log, upkeep."""
        return await self._writer.submit(lambda unit: command(unit, *given, **named))

    async def read(self, query: Callable[Concatenate[Connection, P], T], /, *given: P.args, **named: P.kwargs) -> T:
        """Run a query in a reading thread, on what was committed. Raises what the query raises, and Unavailable."""
        run = asyncio.get_running_loop().run_in_executor
        return await run(self._readers, lambda: self.look_up(query, *given, **named))

    def look_up(self, query: Callable[Concatenate[Connection, P], T], /, *given: P.args, **named: P.kwargs) -> T:
        """Run a query in this thread; on the loop, only a look-up by key is short enough. Raises as `read` does."""
        try:
            return query(self._database.connection(), *given, **named)
        except Exception as error:
            explained = self._trouble.explain(error)
            if explained is error:
                raise
            raise explained from error

    async def keep_times(self) -> None:
        """Keep how long tasks have stayed at their stages."""
        await self.insist(self._keep_times)

    async def ready(self) -> None:
        """Return once the writer has served a transaction. Raises WriterStopped."""
        await self.insist(lambda unit: None)

    async def probe(self) -> None:
        """Write something, and read it. Raises StorageFull, Unavailable, WriterStopped."""
        written = await self.insist(_stamp)
        if await self.read(_stamped) != written:
            raise StoreFails()

    def look_at_files(self) -> None:
        """Raise StoreLost if the database's files are not in place any more."""
        self._writer.look_at_files()

    def waits(self) -> float:
        """Return the seconds since the writer began its current transaction."""
        return self._writer.waits()

    def _keep_times(self, unit: Unit) -> None:
        tables.stage_times.put(unit.connection, self.whereabouts.unsaved())


def _stamp(unit: Unit) -> int:
    """Write the schema's number again: a write that changes nothing."""
    version = _stamped(unit.connection)
    unit.connection.execute(f"PRAGMA user_version = {version}")
    return version


def _stamped(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
