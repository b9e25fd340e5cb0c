"""The live workers, by their heartbeats: in memory, since a new API gives each worker a fresh lease."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from waybill.domain.errors import WorkerGone, WorkerNotFound
from waybill_api.store import commands, tables
from waybill_api.store.commands.runs import HeldRun
from waybill_api.store.store import Store

LEASE = 15.0
"""Seconds of observed silence after which a worker counts as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The heartbeat of a worker."""

    runs: tuple[HeldRun, ...] = ()
    routes: tuple[str, ...] = ()
    handlers: tuple[str, ...] | None = None
    """Its handlers; None from a worker of version 0.1.0, which does not report them."""
    slots: int = 0
    host: str = ""
    pid: int = 0
    version: str = ""
    draining: bool = False
    """Whether it takes no more tasks, since it was told to drain."""


@dataclass(slots=True)
class Presence:
    """What is known of one worker; `silence` is the seconds since its last heartbeat in which the API served."""

    worker_id: str
    beat: Beat | None = None
    handlers: frozenset[str] = frozenset()
    """Its handlers, which decide which tasks it can run."""
    silence: float = 0.0
    is_to_drain: bool = False
    """Whether it was asked to take no more tasks."""
    unlisted: dict[tuple[str, int], float] = field(default_factory=dict)
    """For each run that it holds but does not list in its heartbeats, the seconds since it last did."""

    @property
    def is_alive(self) -> bool:
        """Whether its lease still runs."""
        return self.silence < LEASE

    @property
    def is_draining(self) -> bool:
        """Whether it takes no more tasks, or was asked to take none and does not know it yet."""
        return self.is_to_drain or (self.beat is not None and self.beat.draining)


class Workers:
    """The workers that the API knows. Used by the loop only."""

    def __init__(self, store: Store) -> None:
        """Begin without workers."""
        self._store = store
        self._present: dict[str, Presence] = {}

    def known(self) -> list[Presence]:
        """Return all workers that have sent a heartbeat, by id."""
        return [self._present[worker_id] for worker_id in sorted(self._present) if self._present[worker_id].beat]

    def served(self) -> set[str]:
        """Return the handlers that live workers have."""
        return {name for one in self._present.values() if one.beat and one.is_alive for name in one.handlers}

    def taken(self) -> set[str]:
        """Return the handlers for which live workers take tasks; draining workers take none."""
        present = self._present.values()
        return {name for one in present if one.beat and one.is_alive and not one.beat.draining for name in one.handlers}

    def is_to_drain(self, worker_id: str) -> bool:
        """Return whether a worker was asked to take no more tasks."""
        return worker_id in self._present and self._present[worker_id].is_to_drain

    def alive(self) -> int:
        """Return how many workers are alive."""
        return sum(1 for one in self._present.values() if one.beat and one.is_alive)

    async def beat(self, worker_id: str, beat: Beat) -> list[tuple[str, int]]:
        """Take a heartbeat, and return the listed runs that are lost or cancelled.

        A run that the worker holds is released if its heartbeats do not list it for a whole lease. Not sooner: a
        heartbeat from before the claim may come after it, many at once if the API stood still. Raises WorkerGone.
        """
        lost, missing = await self._store.insist(commands.runs.beat, worker_id, beat.runs)
        if beat.handlers is None:
            handlers = await self._store.read(tables.task_types.handlers_of, beat.routes)
        else:
            handlers = frozenset(beat.handlers)
        if self._store.look_up(tables.workers.is_gone, worker_id):
            # Its farewell came after the commit of this heartbeat, which must not bring it back.
            raise WorkerGone()
        presence = self._present.setdefault(worker_id, Presence(worker_id))
        presence.beat, presence.handlers, presence.silence = beat, handlers, 0.0
        presence.is_to_drain = self._store.look_up(tables.workers.is_draining, worker_id)
        unlisted = {(run.task_id, run.run): run for run in missing}
        presence.unlisted = {key: presence.unlisted.get(key, 0.0) for key in unlisted}
        orphans = [run for key, run in unlisted.items() if presence.unlisted[key] >= LEASE]
        if orphans:
            await self._store.insist(commands.runs.release, orphans, crashed=False)
        return lost

    async def drain(self, worker_id: str, *, wanted: bool) -> Presence:
        """Ask a worker to take no more tasks, or to go on; the answer to its next heartbeat tells it.

        Raises WorkerGone, and WorkerNotFound if none of this id has sent a heartbeat.
        """
        presence = self._present.get(worker_id)
        if presence is None or presence.beat is None:
            raise WorkerGone() if self._store.look_up(tables.workers.is_gone, worker_id) else WorkerNotFound()
        await self._store.write(commands.runs.drain, worker_id, wanted=wanted)
        presence.is_to_drain = wanted
        return presence

    async def gone(self, worker_id: str, *, crashed: bool) -> int:
        """Declare a worker gone, and return how many runs were taken from it."""
        released = await self._store.insist(commands.runs.gone, worker_id, crashed=crashed)
        # Only now: a heartbeat may have been handled during the commit.
        self._present.pop(worker_id, None)
        return released

    def watch(self, worker_ids: Iterable[str]) -> None:
        """Give a fresh lease to workers that hold runs and have not sent a heartbeat yet."""
        for worker_id in worker_ids:
            if worker_id not in self._present and not self._store.look_up(tables.workers.is_gone, worker_id):
                self._present[worker_id] = Presence(worker_id)

    def age(self, seconds: float) -> list[str]:
        """Count `seconds` of silence, also about runs, and return the workers whose lease has run out."""
        for presence in self._present.values():
            presence.silence += seconds
            presence.unlisted = {key: unlisted + seconds for key, unlisted in presence.unlisted.items()}
        return [worker_id for worker_id, presence in self._present.items() if not presence.is_alive]
