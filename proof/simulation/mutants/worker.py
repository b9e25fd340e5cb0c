"""Bugs in the worker: claims, the spool, delivery, adoption."""

from collections.abc import Sequence
from typing import Any

from proof.simulation.mutants.mutant import Mutant
from waybill.api_error import ApiError
from waybill.client.calls import Answer
from waybill.delivery.courier import Courier
from waybill.delivery.spool import Parcel, Spool
from waybill.domain.status import Outcome
from waybill.host.lockfile import LockFile
from waybill_worker.adoption import Adoption
from waybill_worker.dequeuer import Dequeuer
from waybill_worker.handlers.declarer import Declarer
from waybill_worker.heartbeat import Heartbeat
from waybill_worker.runs.runs import Run, Runs

first, remove = Spool.first, Spool.remove
send, settle = Courier.send, Adoption._settle


def _popping(self: Spool, limit: int) -> list[Parcel]:
    parcels = first(self, limit)
    if parcels:
        remove(self, len(parcels))
    return parcels


def _only_dead_letters(self: Spool, count: int, dead: Sequence[tuple[str, str]] = ()) -> None:
    remove(self, 0, dead)


def _forgetting(self: Courier, parcels: Sequence[Parcel]) -> list[Answer]:
    try:
        return send(self, parcels)
    except ApiError:
        return [Answer(parcel.task_id, Outcome.APPLIED) for parcel in parcels]


def _gone_first(self: Adoption, worker_id: str, spool: Spool) -> None:
    self._client.gone(worker_id, crashed=not spool.was_stopped)
    settle(self, worker_id, spool)


def _lockless(self: Any, descriptor: int) -> bool:
    self._descriptor = descriptor
    return True


def _ungranted(self: Any, run: Run) -> None:
    run.begin({"handler": "work", "input": {"steps": [0.1], "end": "return"}, "attempt": 1}, self._clock())
    self._start(run)


def _opened_twice(self: Any, message: Any, claim: str) -> Run:
    held = self._held.get((message.task_id, message.run))
    run = Run(message, claim if held is None else held.claim, self._source, self._clock(), world=self._world)
    self._held[run.key] = run
    return run


def _since_the_claim(self: Run, now: float) -> float:
    return now - self.since


def _unlisted(self: Any) -> None:
    self._client.beat(self._worker_id, {"routes": sorted(self._served.routes), "slots": self._slots})


def _undeclared(self: Declarer, known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*known]


MUTANTS = (
    Mutant(
        "a spooled report is dropped before it is acknowledged",
        ((Spool, "first", _popping), (Spool, "remove", _only_dead_letters)),
    ),
    Mutant("a report whose answer is lost is forgotten", ((Courier, "send", _forgetting),)),
    Mutant("who adopts says gone before it delivers", ((Adoption, "_settle", _gone_first),)),
    Mutant("the living are adopted", ((LockFile, "_take", _lockless),)),
    Mutant("a run is begun without a grant", ((Dequeuer, "_drop", _ungranted),)),
    Mutant("a doubled message is claimed with the same claim again", ((Runs, "open", _opened_twice),)),
    Mutant("the time away from the API counts towards the limit", ((Run, "elapsed", _since_the_claim),)),
    Mutant("a worker declares no types", ((Declarer, "declare", _undeclared),)),
    Mutant("a heartbeat lists no runs", ((Heartbeat, "_say", _unlisted),)),
)
