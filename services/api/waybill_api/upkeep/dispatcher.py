"""The dispatcher: puts a message on the queue for every run that is due, and keeps the backlog as rows."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from waybill.domain.route import type_of
from waybill.domain.task import Task
from waybill.host.world import REAL, World
from waybill.queue.errors import QueueUnavailable
from waybill.queue.message import Message
from waybill.queue.queue import Queue
from waybill_api.store.engine.clock import Clock
from waybill_api.store.engine.database import DATABASE_ERRORS, reading
from waybill_api.store.tables import lanes, task_types
from waybill_api.store.tables.lanes import DueRun, Lane
from waybill_api.store.writing.unit import Change, Commit
from waybill_api.upkeep.lost_messages import PATIENCE, lost, unwanted
from waybill_api.upkeep.window import WINDOW, Window

log = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between looks at the queue while messages are outstanding."""

UNKNOWN = -1
"""No generation of a queue."""


class Hint(NamedTuple):
    """What a commit means for dispatch."""

    due: list[tuple[DueRun, int]]
    """Runs that may be claimed, each with the milliseconds until then."""
    done: list[Message]
    """Messages that are not wanted any more."""
    types_changed: bool
    worker_gone: bool


class Dispatcher:
    """Wakes on commit and at the next due time; while nothing is outstanding it costs nothing.

    While a route fits into its window, runs that a commit makes due are sent without any query. Runs that do not fit
    wait as rows, and are read from the index when half of the window has been claimed. A run that is more urgent than
    outstanding ones of its route is sent all the same, and the least urgent messages are taken back.
    """

    def __init__(
        self,
        path: Path,
        queue: Queue,
        ring: Callable[[], None],
        clock: Clock,
        on_death: Callable[[], None],
        world: World = REAL,
    ) -> None:
        """Read from the database at `path`; `ring` wakes idle workers, `on_death` is called if its thread fails."""
        self._thread = world.thread(target=self._run, name="dispatcher", daemon=True)
        self.start = self._thread.start
        self._monotonic = world.monotonic
        self._database = reading(path)
        self._queue = queue
        self._ring = ring
        self._clock = clock
        self._on_death = on_death
        self._hints: SimpleQueue[Hint | None] = world.queue()
        self._window = Window()
        self._backlog: set[Lane] = set()
        self._paused: frozenset[str] = frozenset()
        self._knows_types = False
        self._fails = False
        self._generation: int | str = UNKNOWN
        self._next_try = 0.0
        self._next_due: float | None = None

    def notice(self, commit: Commit) -> None:
        """Take in what a commit has done; runs in the writer's thread."""
        now = self._clock.now()
        due = [(_run(task), max(0, (task.due_at or 0) - now)) for task in _new_runs(commit.changes)]
        done = [
            Message(before.task_id, before.run)
            for before, after in commit.changes
            if before is not None and before.due_at is not None and _gave_way(before, after)
        ]
        if due or done or commit.types_changed or commit.worker_gone:
            self._hints.put(Hint(due, done, commit.types_changed, commit.worker_gone))

    @property
    def outstanding(self) -> int:
        """How many messages are outstanding; any thread may read it."""
        return len(self._window)

    def stop(self) -> None:
        """End; call it from another thread."""
        self._hints.put(None)
        self._thread.join()

    def _run(self) -> None:
        """Serve until stopped."""
        try:
            go_on = True
            while go_on:
                hints, go_on = self._gather()
                self._serve(hints)
        except BaseException:
            log.critical("the dispatcher has died", exc_info=True)
            self._on_death()
        finally:
            self._database.close()

    def _gather(self) -> tuple[list[Hint], bool]:
        """Wait for a commit or for the time to look again, and take all hints there are."""
        hints: list[Hint] = []
        try:
            hint = self._hints.get(timeout=self._patience())
            while hint is not None:
                hints.append(hint)
                hint = self._hints.get_nowait()
        except Empty:
            return hints, True
        return hints, False

    def _patience(self) -> float | None:
        """Return the seconds until something is to be done without a commit; None if nothing is."""
        if self._generation == UNKNOWN:
            return max(0.0, self._next_try - self._monotonic())
        waits = [TICK] if len(self._window) else []
        if self._next_due is not None:
            waits.append(max(0.0, self._next_due - self._monotonic()))
        return min(waits, default=None)

    def _serve(self, hints: Sequence[Hint]) -> None:
        try:
            on_queue = self._look_at_the_queue()
            now = self._monotonic()
            if not self._knows_types or any(hint.types_changed for hint in hints):
                self._knows_types = False
                self._heed_types()
                self._knows_types = True
            runs = list(self._take_in(hints, now))
            if self._next_due is not None and self._next_due <= now:
                self._find_backlog()
            refilled = [run for run in self._refill(now) if (run.route, run.task_id, run.run) not in on_queue]
            patience = 0.0 if any(hint.worker_gone for hint in hints) else PATIENCE
            self._send([*runs, *refilled, *self._find_lost(now, patience)])
            self._take_back()
        except (QueueUnavailable, *DATABASE_ERRORS, OSError) as error:
            if not self._fails:
                log.warning("no message can be sent; retrying: %s", error, extra={"action": "dispatch_waits"})
            self._fails = True
            self._generation = UNKNOWN
            self._next_try = self._monotonic() + TICK
        else:
            if self._fails:
                log.warning("messages are sent again", extra={"action": "dispatch_goes_on"})
            self._fails = False

    def _look_at_the_queue(self) -> Collection[tuple[str, str, int]]:
        """If the queue was replaced or emptied, start again, and return the messages that it holds now.

        Each is named by its route, task and run.
        """
        generation = self._queue.generation
        if generation == self._generation:
            return ()
        self._window.clear()
        self._find_backlog()
        on_queue = {(route, message.task_id, message.run) for _, route, message in self._queue.queued()}
        self._generation = generation
        return on_queue

    def _take_in(self, hints: Sequence[Hint], now: float) -> Iterator[DueRun]:
        """Update the window with what was committed, and yield the new runs that fit into it."""
        done = {message for hint in hints for message in hint.done}
        for run, wait in (due for hint in hints for due in hint.due):
            lane = Lane(run.route, run.priority)
            if wait > 0:
                self._wake_at(now + wait / 1000)
            elif Message(run.task_id, run.run) in self._window:
                # The backlog was read after the commit and before this hint of it.
                continue
            elif lane in self._backlog or self._window.room(lane) <= 0:
                self._backlog.add(lane)
            elif type_of(run.route) not in self._paused and Message(run.task_id, run.run) not in done:
                self._window.add(run, now)
                yield run
        for message in done:
            self._window.discard(message)

    def _heed_types(self) -> None:
        """Hold back the runs of paused types, and look for runs of types that are paused no longer."""
        self._paused = task_types.paused(self._database.connection())
        for message, lane in self._window.older_than(self._monotonic()):
            if type_of(lane.route) in self._paused:
                self._window.discard(message)
        self._find_backlog()

    def _find_backlog(self) -> None:
        """Look for lanes with open runs, and for the time when the next run becomes due."""
        connection = self._database.connection()
        now, at = self._clock.now(), self._monotonic()
        self._next_due = None
        for lane in lanes.occupied(connection):
            self._backlog.add(lane)
            due_at = lanes.next_due_at(connection, lane, now)
            if due_at is not None:
                self._wake_at(at + (due_at - now) / 1000)

    def _wake_at(self, at: float) -> None:
        self._next_due = at if self._next_due is None else min(self._next_due, at)

    def _refill(self, now: float) -> Iterator[DueRun]:
        """Yield runs of the backlog, the most urgent first, for every window that is at most half full."""
        for lane in sorted(self._backlog, key=lambda lane: (lane.route, -lane.priority)):
            room = self._window.room(lane)
            if type_of(lane.route) in self._paused:
                self._backlog.discard(lane)
            elif room >= WINDOW // 2:
                runs = lanes.due(self._database.connection(), lane, self._clock.now(), WINDOW)
                fresh = [run for run in runs if Message(run.task_id, run.run) not in self._window]
                for run in fresh[:room]:
                    self._window.add(run, now)
                if len(runs) < WINDOW and len(fresh) <= room:
                    self._backlog.discard(lane)
                yield from fresh[:room]

    def _find_lost(self, now: float, patience: float) -> Sequence[DueRun]:
        if not self._window.older_than(now - patience):
            return ()
        queued = self._queue.queued()
        self._queue.remove(unwanted(self._window, queued))
        return lost(self._window, queued, now, patience)

    def _take_back(self) -> None:
        """Take the least urgent messages back from routes over the limit; they wait as rows again."""
        for route, excess in self._window.excess().items():
            for message in self._queue.take_back(route, excess):
                lane = self._window.discard(message)
                if lane is not None:
                    self._backlog.add(lane)

    def _send(self, runs: Sequence[DueRun]) -> None:
        if runs:
            self._queue.send([(run.route, run.priority, Message(run.task_id, run.run)) for run in runs])
            self._ring()


def _new_runs(changes: Sequence[Change]) -> Iterator[Task]:
    """Yield the tasks for which a run was opened, or made due at another time."""
    for before, after in changes:
        if after is None or after.due_at is None:
            continue
        if before is None or (before.run, before.due_at) != (after.run, after.due_at):
            yield after


def _gave_way(before: Task, after: Task | None) -> bool:
    """Whether the due run is due no longer; one commit may also claim it and open the next one."""
    return after is None or after.due_at is None or after.run != before.run


def _run(task: Task) -> DueRun:
    return DueRun(task.route, task.priority, task.task_id, task.run)
