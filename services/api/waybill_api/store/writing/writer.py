"""The one writer: a thread that owns the only writing connection and commits in groups."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from waybill.domain.errors import Overloaded, StoreBusy, StoreLost, WaybillError
from waybill.host.world import World
from waybill_api.conditions import DATABASE_LOCKED, Conditions
from waybill_api.store.engine.clock import Clock
from waybill_api.store.engine.database import DATABASE_ERRORS, Connection, writing
from waybill_api.store.engine.files import Files
from waybill_api.store.engine.ids import Ids
from waybill_api.store.engine.trouble import BUSY, Trouble, code_of
from waybill_api.store.engine.write_ahead_log import WriteAheadLog
from waybill_api.store.writing.departures import Departures
from waybill_api.store.writing.former_claims import FormerClaims
from waybill_api.store.writing.listeners import Listener, Listeners
from waybill_api.store.writing.unit import Commit, Unit
from waybill_api.store.writing.wishes import Operation, Settled, Wish, answer

log = logging.getLogger(__name__)

MOST_OPERATIONS = 2_000
"""How many operations one transaction takes in."""

LONGEST_GROUP = 0.5
"""Seconds after which a transaction takes in no further operation, so that the first ones are answered soon."""

MOST_WAITING = 10_000
"""How many operations may wait before those of clients are refused; reports and upkeep are still accepted."""

PATIENCE = 5.0
"""Seconds that an operation waits for a lock of another program before it is refused."""

T = TypeVar("T")


class WriterStopped(Exception):
    """The writer has ended; nothing can be kept any more."""


class _HalfDone(Exception):
    """An operation raised after it had already changed something."""


class _Locked(Exception):
    """Another program holds the lock that a transaction needs; nothing was done."""


class Writer:
    """Commits all waiting operations in one transaction, and answers them after its COMMIT.

    It never waits for more: a lone operation is committed at once, and the next group gathers during that COMMIT.
    """

    def __init__(
        self, path: Path, clock: Clock, ids: Ids, on_death: Callable[[], None], conditions: Conditions, world: World
    ) -> None:
        """Prepare for the database at `path`; `on_death` is called in its thread if it fails."""
        self._thread = world.thread(target=self._run, name="writer", daemon=True)
        self.start, self.is_alive = self._thread.start, self._thread.is_alive
        self._monotonic = world.monotonic
        self._path = path
        self._database = writing(path)
        self.let_go = self._database.close
        self._clock = clock
        self._ids = ids
        self._on_death = on_death
        self._conditions = conditions
        self._trouble = Trouble(path, conditions)
        self._files = Files(path)
        self._wishes: SimpleQueue[Wish | None] = world.queue()
        self._listeners = Listeners(self._die)
        self._departures = Departures(clock)
        self._former = FormerClaims()
        self._untold: list[Commit] = []
        self._stopping = False
        self._in_hand = 0  # how many operations were taken and have no answer yet
        self._busy_since: float | None = None
        self._wal = WriteAheadLog(path, self._database, self._trouble, world)

    def listen(self, listener: Listener, *, is_vital: bool = False) -> None:
        """Call `listener` with every commit from now on; if a vital one fails, the API has to restart."""
        self._listeners.add(listener, is_vital=is_vital)

    def submit(self, operation: Operation[T], *, may_refuse: bool = False) -> "asyncio.Future[T]":
        """Submit an operation; the future, of the running loop, resolves after the COMMIT.

        Raises WriterStopped, StoreDamaged, StoreLost, and Overloaded if it `may_refuse` and MOST_WAITING operations
        wait; the future raises what the operation raised, StorageFull or Unavailable.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if (bar := self._trouble.bar) is not None:
            raise bar
        if self._stopping or not self.is_alive():
            raise WriterStopped()
        if may_refuse and self._in_hand + self._wishes.qsize() >= MOST_WAITING:
            raise Overloaded()
        self._wishes.put(Wish(operation, future, self._monotonic()))
        return future

    def stop(self) -> None:
        """Do all submitted operations, checkpoint, close, and end; call it from another thread."""
        self._stopping = True
        self._wishes.put(None)
        self._thread.join()

    def _run(self) -> None:
        """Serve until stopped."""
        try:
            while self._serve():
                pass
            self._wal.checkpoint()
        except StoreLost:
            # The condition has been logged.
            self._on_death()
        except BaseException:
            log.critical("the writer has died", exc_info=True)
            self._on_death()
        finally:
            self._database.close()

    def _serve(self) -> bool:
        wishes, go_on = self._gather()
        while wishes:
            self._in_hand = len(wishes)
            self._busy_since = self._monotonic()
            try:
                answers = self._commit_together(wishes)
                # Before any answer: a commit to a file that is gone is not kept.
                self._look_at_files(only_keeping=True)
            except _Locked:
                wishes, goes_on = self._wait_on(wishes)
                go_on = go_on and goes_on
                continue
            except StoreLost as lost:
                self._answer([Settled(wish.future, None, lost) for wish in wishes])
                raise
            self._in_hand -= len(answers)
            self._tell()
            self._answer(answers)
            self._wal.follow()
            del wishes[: len(answers)]
        self._in_hand, self._busy_since = 0, None
        if go_on and self._wal.patience() == 0:
            self._wal.checkpoint()
        return go_on

    def waits(self) -> float:
        """Return the seconds since the current transaction began; any thread may call."""
        since = self._busy_since
        return 0.0 if since is None else self._monotonic() - since

    def look_at_files(self) -> None:
        """Raise StoreLost if the database's files are not in place any more; any thread may call."""
        self._look_at_files(only_keeping=False)

    def _look_at_files(self, *, only_keeping: bool) -> None:
        if (said := self._files.lost(only_keeping=only_keeping)) is not None:
            raise self._trouble.lost(said)

    def _wait_on(self, wishes: list[Wish]) -> tuple[list[Wish], bool]:
        """Refuse wishes that have waited too long for a lock; return the others and the new ones."""
        patient = self._monotonic() - PATIENCE
        overdue = [wish for wish in wishes if wish.since <= patient]
        if overdue:
            self._conditions.hold(DATABASE_LOCKED, f"another program has locked {self._path}, so that writes wait")
            self._answer([Settled(wish.future, None, StoreBusy()) for wish in overdue])
        more, go_on = self._take()
        return [wish for wish in wishes if wish.since > patient] + more, go_on

    def _gather(self) -> tuple[list[Wish], bool]:
        """Wait for wishes, and return all that fit into a transaction, and whether to go on afterwards."""
        try:
            first = self._wishes.get(timeout=self._wal.patience())
        except Empty:
            return [], True
        if first is None:
            return [], False
        more, go_on = self._take()
        return [first, *more], go_on

    def _take(self) -> tuple[list[Wish], bool]:
        """Return the waiting wishes that fit into a transaction, and whether to go on afterwards."""
        wishes: list[Wish] = []
        try:
            while len(wishes) < MOST_OPERATIONS:
                wish = self._wishes.get_nowait()
                if wish is None:
                    return wishes, False
                wishes.append(wish)
        except Empty:
            pass
        return wishes, True

    def _commit_together(self, wishes: list[Wish]) -> list[Settled]:
        """Commit the first of them, mostly all, in one transaction, and return an answer for each.

        If that fails, commit each in its own transaction, so that a bad one fails alone. The work after a COMMIT is
        done elsewhere: a failure in here would do everything again.
        """
        try:
            return self._transact(wishes)
        except _Locked:
            raise
        except Exception:  # noqa: BLE001 - only the operation at fault may fail
            return [answer for wish in wishes for answer in self._commit_alone(wish)]

    def _commit_alone(self, wish: Wish) -> list[Settled]:
        if (bar := self._trouble.bar) is not None:
            return [Settled(wish.future, None, bar)]
        try:
            return self._transact([wish])
        except _Locked:
            return [Settled(wish.future, None, StoreBusy())]
        except _HalfDone as half_done:
            return [Settled(wish.future, None, half_done.__cause__)]
        except Exception as error:  # noqa: BLE001 - it is the answer to the operation
            return [Settled(wish.future, None, self._trouble.explain(error))]

    def _transact(self, wishes: list[Wish]) -> list[Settled]:
        connection = self._begin()
        began = self._monotonic()
        try:
            unit = Unit(self._database, self._ids, self._clock.now(), self._departures, self._former)
            answers: list[Settled] = []
            for wish in wishes:
                answers.append(self._perform(unit, wish))
                if self._monotonic() - began > LONGEST_GROUP:
                    break
            unit.flush()
            unit.tally()
            commit = unit.summary()
            flushed = self._monotonic()
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        done = self._monotonic()
        self._untold.append(commit._replace(operations=len(answers), seconds=done - began, disk_seconds=done - flushed))
        return answers

    def _begin(self) -> Connection:
        """Begin a transaction. Raises _Locked if another program holds the lock."""
        try:
            connection: Connection = self._database.connection()
            connection.execute("BEGIN IMMEDIATE")
        except DATABASE_ERRORS as error:
            if code_of(error) in BUSY:
                raise _Locked() from error
            raise
        self._conditions.clear(DATABASE_LOCKED)
        self._files.learn()
        return connection

    def _perform(self, unit: Unit, wish: Wish) -> Settled:
        before = unit.writes
        try:
            return Settled(wish.future, wish.operation(unit), None)
        except WaybillError as error:
            if unit.writes != before:
                raise _HalfDone() from error
            return Settled(wish.future, None, error)

    def _tell(self) -> None:
        commits, self._untold = self._untold, []
        for commit in commits:
            self._departures.notice(commit.changes)
            self._former.notice(commit.changes)
        self._listeners.tell(commits)

    def _die(self) -> None:
        self._on_death()

    def _answer(self, answers: list[Settled]) -> None:
        answer(answers)
