"""Bugs in the store: lost rows, early answers, and forgotten facts."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from proof.simulation.mutants.mutant import Mutant
from waybill.domain.report import Report
from waybill.domain.task import Task
from waybill_api.store.commands import reports, run_logs, runs
from waybill_api.store.commands.run_logs import LogDraft
from waybill_api.store.commands.runs import HeldRun
from waybill_api.store.tables import idempotency
from waybill_api.store.writing.unit import Unit
from waybill_api.store.writing.writer import Writer

beat, gone = runs.beat, runs.gone
put_log = run_logs.put

LATE = 0.2
"""Seconds between an answer that comes too early and its commit."""


class _Uncommitted:
    """A database or a connection that skips the COMMIT."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def connection(self) -> Any:
        return _Uncommitted(self._real.connection())

    def execute(self, sql: Any, *parameters: Any) -> Any:
        # A query of Peewee's equals everything.
        return None if isinstance(sql, str) and sql == "COMMIT" else self._real.execute(sql, *parameters)

    def close(self) -> None:
        """Delegate to the real one."""


def _answered_early(self: Any) -> bool:
    # It never checkpoints, so it must not be woken for that.
    self._wal.is_pending = False
    wishes, go_on = self._gather()
    if wishes:
        with patch.object(self, "_database", _Uncommitted(self._database)):
            answers = self._commit_together(wishes)
            self._tell()
        self._answer(answers)
        self._wishes._kernel.sleep(LATE)
        self._database.connection().execute("COMMIT")
    return bool(go_on)


def _forgetful(*given: Any) -> None:
    return None


def _claimable(unit: Unit, task: Task, said: Report) -> bool:
    return True


_listed: dict[str, Sequence[HeldRun]] = {}


def _listing(unit: Unit, worker_id: str, held: Sequence[HeldRun]) -> Any:
    _listed[worker_id] = held
    return beat(unit, worker_id, held)


def _taking_what_was_listed(unit: Unit, worker_id: str, *, crashed: bool) -> int:
    for listed in _listed.get(worker_id, ()):
        task = unit.find(listed.task_id)
        if task is not None and task.claim is not None:
            runs.release(unit, [HeldRun(task.task_id, task.run, task.claim)], crashed=crashed)
    return gone(unit, worker_id, crashed=crashed)


def _releasing_nothing(unit: Unit, held: Sequence[HeldRun], *, crashed: bool) -> int:
    return 0


def _of_the_present(unit: Unit, draft: LogDraft) -> int:
    """Take any claim, for the attempt that the task is in."""
    return unit.load(draft.task_id).attempt


def _for_the_present(unit: Unit, draft: LogDraft) -> None:
    put_log(unit, draft._replace(run=unit.load(draft.task_id).run, claim=unit.load(draft.task_id).claim or ""))


MUTANTS = (
    Mutant("a log is kept for whatever attempt its task is in", ((run_logs, "_attempt_held", _of_the_present),)),
    Mutant("a log is kept for whatever run its task is in", ((run_logs, "put", _for_the_present),)),
    Mutant("201 is answered before the commit", ((Writer, "_serve", _answered_early),)),
    Mutant("an Idempotency-Key is not remembered", ((idempotency, "recall", _forgetful),)),
    Mutant("the claim of a worker that is gone is granted", ((reports, "_is_claimable", _claimable),)),
    Mutant(
        "who is gone loses what it last listed, whoever has it now",
        ((runs, "beat", _listing), (runs, "gone", _taking_what_was_listed)),
    ),
    Mutant("who is gone keeps its runs", ((runs, "release", _releasing_nothing),)),
)
