"""Workers: who is there, and what they say of themselves."""

from waybill.domain.errors import StorageFull, WorkerGone, WorkerNotFound
from waybill.wire.workers import Gone, GoneAnswer, Heartbeat, HeartbeatAnswer, WorkerJson, WorkerState
from waybill_api.handlers.parameters import WorkerIdPath
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import BATCH_LIMIT, call
from waybill_api.store.commands.runs import HeldRun
from waybill_api.upkeep.workers import Beat, Presence


class WorkersHandler(Endpoint):
    """All workers."""

    @call("list_workers")
    async def get(self) -> list[WorkerJson]:
        """List the workers that have been heard of, each as its last heartbeat had it."""
        return [worker_json(presence) for presence in self.workers.known()]


class HeartbeatHandler(Endpoint):
    """A worker's sign of life."""

    @call("beat", limit=BATCH_LIMIT, raises=(WorkerGone, StorageFull))
    async def post(self, worker_id: WorkerIdPath, body: Heartbeat) -> HeartbeatAnswer:
        """Say that a worker lives and what it runs.

        The answer names the runs that are its no longer, and says whether to drain.
        """
        beat = Beat(
            runs=tuple(HeldRun(one.task_id, one.run, one.claim, one.elapsed) for one in body.runs),
            routes=tuple(body.routes),
            handlers=None if body.handlers is None else tuple(body.handlers),
            slots=body.slots,
            host=body.host,
            pid=body.pid,
            version=body.version,
            draining=body.draining,
        )
        lost = await self.workers.beat(worker_id, beat)
        return {
            "lost": [{"task_id": task_id, "run": run} for task_id, run in lost],
            "drain": self.workers.is_to_drain(worker_id),
        }


class DrainHandler(Endpoint):
    """The draining of a worker: it takes no more tasks."""

    @call("drain_worker", raises=(WorkerNotFound, WorkerGone, StorageFull))
    async def post(self, worker_id: WorkerIdPath) -> WorkerJson:
        """Ask a worker to take no more tasks: it finishes what it runs, stays, and waits until it is told to resume.

        It learns that with its next heartbeat; `state` tells how far it is. A worker of a version that does not know
        of it goes on working. The process does not end, and one that is started in its place works.
        """
        return worker_json(await self.workers.drain(worker_id, wanted=True))


class ResumeWorkerHandler(Endpoint):
    """The end of a worker's draining."""

    @call("resume_worker", raises=(WorkerNotFound, WorkerGone, StorageFull))
    async def post(self, worker_id: WorkerIdPath) -> WorkerJson:
        """Ask a worker that drains, or is drained, to take tasks again."""
        return worker_json(await self.workers.drain(worker_id, wanted=False))


class GoneHandler(Endpoint):
    """A worker's end."""

    @call("say_gone", raises=(StorageFull,))
    async def post(self, worker_id: WorkerIdPath, body: Gone) -> GoneAnswer:
        """Say that a worker is gone: its runs are released at once, and its claims refused from then on."""
        return {"released": await self.workers.gone(worker_id, crashed=body.crashed)}


def worker_json(presence: Presence) -> WorkerJson:
    """Write a worker, one that has beaten."""
    beat = presence.beat or Beat()
    return {
        "worker_id": presence.worker_id,
        "host": beat.host,
        "pid": beat.pid,
        "version": beat.version,
        "slots": beat.slots,
        "running": len(beat.runs),
        "routes": list(beat.routes),
        "handlers": sorted(presence.handlers),
        "last_seen_seconds": round(presence.silence, 1),
        "alive": presence.is_alive,
        "drain": presence.is_to_drain,
        "state": _state(beat),
    }


def _state(beat: Beat) -> WorkerState:
    if not beat.draining:
        return "working"
    return "draining" if beat.runs else "drained"
