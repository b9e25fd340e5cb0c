"""Keep what runs have logged or printed."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from waybill.domain.errors import NotHeld, TaskNotFound
from waybill.domain.texts.censored import censored
from waybill_api.store.tables import run_logs, tasks
from waybill_api.store.tables.output.run_logs import RunLog
from waybill_api.store.writing.unit import Unit


class LogDraft(NamedTuple):
    """What a worker says that a run has logged so far."""

    task_id: str
    run: int
    claim: str
    text: str
    cut: bool


def put(unit: Unit, draft: LogDraft) -> None:
    """Keep the log of a run. Raises TaskNotFound, NotHeld."""
    attempt = _attempt_held(unit, draft)
    text = _censored(unit, draft)
    run_logs.put(unit.connection, RunLog(draft.task_id, draft.run, attempt, text, draft.cut, unit.now))
    unit.writes += 1


def put_many(unit: Unit, drafts: Iterable[LogDraft]) -> int:
    """Keep the logs of runs, and return how many were kept; the others are of runs that their claims do not hold."""
    kept = 0
    for draft in drafts:
        try:
            put(unit, draft)
        except (TaskNotFound, NotHeld):
            continue
        kept += 1
    return kept


def _censored(unit: Unit, draft: LogDraft) -> str:
    """Return what a run has logged, without the secrets of its task's input."""
    ((secret,),) = tasks.columns_of(unit.connection, [draft.task_id], ("secret",))
    if secret is None:
        return draft.text
    ((given,),) = tasks.columns_of(unit.connection, [draft.task_id], ("input",))
    return censored(draft.text, json.loads(secret), json.loads(given or "null"))


def _attempt_held(unit: Unit, draft: LogDraft) -> int:
    """Return the attempt of a run that its claim holds, or held until the run was over."""
    # Not by the unit: the whole task would be read, with its input.
    found = list(tasks.columns_of(unit.connection, [draft.task_id], ("run", "claim", "attempt")))
    if not found:
        raise TaskNotFound()
    ((run, claim, attempt),) = found
    if (run, claim) == (draft.run, draft.claim):
        return int(attempt)
    former = unit.former.attempt_of(draft.task_id, draft.run, draft.claim)
    if former is None:
        raise NotHeld()
    return former
