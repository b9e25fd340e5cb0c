"""The invariants: what must hold of a task after each commit, of what is done to it, and at the end.

Each is a generator that yields what is wrong; its docstring is the promise, and the name under which it is reported.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from proof.simulation.ledger import COMPLETED, ERROR, NEW, Event, Row
from proof.simulation.truth import RAISED, RETURNED, Execution, Truth

CRASH_BUDGET = 4
LOSS_BUDGET = 16
SLACK = 0.1
"""Seconds by which two measures of one time may differ: a run counts from its grant, its handler from the start of its
thread, and a thread may be late by `LONG_JITTER` more than once."""

STANDSTILL = 2.0
"""The longest pause in seconds that the API may not notice, and so count as time in which it served."""

Step = Callable[[Row | None, Row, Sequence[Event]], Iterator[str]]
Deed = Callable[[Row, Event, Sequence[Event], Truth], Iterator[str]]


def nothing_goes_back(before: Row | None, after: Row, history: Sequence[Event]) -> Iterator[str]:
    """Status and stage never go back within an attempt, and attempt, run and version never fall."""
    if before is None:
        return
    if (after.attempt, after.run, after.version) < (before.attempt, before.run, before.version) or any(
        one < other for one, other in zip(_counters(after), _counters(before), strict=True)
    ):
        yield f"{_counters(before)} became {_counters(after)}"
    if after.attempt == before.attempt and after.rank < before.rank:
        yield f"status {before.status} became {after.status}"
    if after.attempt == before.attempt and after.position < before.position:
        yield f"stage {before.stage} became {after.stage}"


def _counters(row: Row) -> tuple[int, int, int]:
    return row.attempt, row.run, row.version


def final_is_final(before: Row | None, after: Row, history: Sequence[Event]) -> Iterator[str]:
    """Nothing that was final changes, unless a client has asked for another attempt."""
    if before is None or not before.is_final:
        return
    if after.attempt == before.attempt and after.ending != before.ending:
        yield f"{before.ending} became {after.ending}"
    if after.attempt != before.attempt and history[-1].kind != "retry" and not _asked(history, after.attempt):
        yield f"attempt {after.attempt} was opened by nobody"


def _asked(history: Sequence[Event], attempt: int) -> bool:
    return any(event.kind == "retry" and event.attempt == attempt for event in history)


def one_claim_a_run(before: Row | None, after: Row, history: Sequence[Event]) -> Iterator[str]:
    """No run is granted to two claims."""
    granted = [event.run for event in history if event.kind == "claim" and event.outcome == "applied"]
    if len(granted) != len(set(granted)):
        yield f"granted runs are {granted}"


def history_matches(before: Row | None, after: Row, history: Sequence[Event]) -> Iterator[str]:
    """The history says the same as the row."""
    if not history or history[0].kind != "create":
        yield "the history does not begin with the creation"
        return
    if history[-1].task_status != after.status:
        yield f"the history ends with status {history[-1].task_status}, the row has {after.status}"
    opened = sum(_opens_attempt(event) for event in history)
    if after.attempt != 1 + opened:
        yield f"{opened} further attempts were opened, but it is attempt {after.attempt}"
    released = sum(event.kind == "release" and event.task_status < COMPLETED for event in history)
    passed = sum(event.kind == "advance" for event in history)
    if after.run != 1 + opened + released + passed:
        yield f"{opened} attempts, {released} releases and {passed} stages, but it is run {after.run}"
    if after.position != len(_kept(history)):
        yield f"{len(_kept(history))} stages have results, but it is at stage {after.stage}"


def _opens_attempt(event: Event) -> bool:
    if event.kind == "retry":
        return True
    failed = event.kind == "timeout" or (event.outcome == "applied" and event.said.get("status") == ERROR)
    return failed and event.task_status == NEW


def _kept(history: Sequence[Event]) -> list[Any]:
    """Return the results of the stages before the present one; a COMPLETED task starts over."""
    kept: list[Any] = []
    said, status = None, NEW
    for event in history:
        if event.kind == "advance":
            kept.append(said)
        elif event.kind == "retry" and status == COMPLETED:
            kept.clear()
        said, status = event.said.get("result"), event.task_status
    return kept


def every_crash_counts(before: Row | None, after: Row, history: Sequence[Event]) -> Iterator[str]:
    """Every crash is counted, four crashes alone within one stage end the task, and a crash makes it a suspect."""
    since = max((place for place, event in enumerate(history) if event.kind in ("retry", "advance")), default=0)
    lost = [event for event in history[since:] if event.kind == "release" and event.said["crashed"]]
    crashes = sum(event.said["alone"] for event in lost) + any(
        has_crashed(event) and event.task_status == ERROR for event in history[since:]
    )
    losses = sum(not event.said["alone"] for event in lost)
    if (after.crashes, after.losses) != (crashes, losses):
        yield f"{crashes} crashes and {losses} losses in the history, {after.crashes} and {after.losses} in the row"
    spent = after.crashes >= CRASH_BUDGET or after.losses >= LOSS_BUDGET
    if spent and not after.is_final:
        yield f"{after.crashes} crashes and {after.losses} losses, and status {after.status}"
    if after.error_code == "worker_lost" and not spent:
        yield f"worker_lost after {after.crashes} crashes and {after.losses} losses"
    if lost and not after.isolate:
        yield f"{len(lost)} workers were lost, and it is no suspect"


def has_crashed(event: Event) -> bool:
    """Whether a report says that the isolated process of a run has crashed."""
    error = event.said.get("error") or {}
    return event.kind == "report" and event.outcome == "applied" and error.get("code") == "worker_lost"


def has_timed_out(event: Event) -> bool:
    """Whether a report says that a handler took too long."""
    error = event.said.get("error") or {}
    return event.kind == "report" and event.outcome == "applied" and error.get("code") == "timeout"


def innocents_are_spared(before: Row | None, after: Row, history: Sequence[Event]) -> Iterator[str]:
    """Only a task with a handler that kills its own worker ends in ERROR `worker_lost`."""
    if after.error_code != "worker_lost":
        return
    script = json.loads(after.input or "null")
    end = (script if after.stages is None else script["scripts"][after.stage])["end"]
    if end != "poison":
        yield f"its handler ends with {end}"


def retries_come_first(before: Row | None, after: Row, history: Sequence[Event]) -> Iterator[str]:
    """A failure is shown as ERROR when no attempt is left, and only then."""
    if after.handler and after.error_code in ("failed", "timeout") and after.failures < after.max_attempts:
        yield f"ERROR {after.error_code} after {after.failures} of {after.max_attempts} failures"
    if after.handler and not after.is_final and after.failures >= after.max_attempts:
        yield f"status {after.status} after {after.failures} of {after.max_attempts} failures"


def own_time_outs_stay(before: Row | None, after: Row, history: Sequence[Event]) -> Iterator[str]:
    """The time-out that a task was created with stays, whatever its type says."""
    if before is not None and after.has_own_timeout and after.timeout != before.timeout:
        yield f"{before.timeout} became {after.timeout}"


STEPS: tuple[Step, ...] = (
    nothing_goes_back,
    final_is_final,
    one_claim_a_run,
    history_matches,
    every_crash_counts,
    innocents_are_spared,
    retries_come_first,
    own_time_outs_stay,
)


def ends_are_true(row: Row, event: Event, history: Sequence[Event], truth: Truth) -> Iterator[str]:
    """Only what the handler of the current run has done becomes the end of a task."""
    status = event.said.get("status")
    if event.kind not in ("report", "claim") or event.outcome != "applied" or status not in (COMPLETED, ERROR):
        return
    if row.handler is None:
        yield from _tracked_end(row, event)
        return
    execution = truth.executions.get((event.task_id, event.run))
    timed_out = status == ERROR and event.said["error"]["code"] == "timeout"
    if has_crashed(event) and execution is not None and execution.ended_at is not None and not execution.verdict:
        return
    if execution is None or not (execution.verdict or timed_out):
        yield f"run {event.run} ended with {event.said}, but its handler has not"
        return
    if event.run != _current_run(history, event):
        yield f"run {event.run} has ended, but run {_current_run(history, event)} was the current one"
    if status == COMPLETED and (execution.verdict != RETURNED or event.said.get("result") != execution.result):
        yield f"run {event.run} {execution.verdict} {execution.result}, but COMPLETED has {event.said.get('result')}"
    if status == ERROR and not timed_out and execution.verdict != RAISED:
        yield f"run {event.run} {execution.verdict}, but the task failed"
    if timed_out:
        yield from _overdue(row, execution, truth)


def _current_run(history: Sequence[Event], event: Event) -> int:
    """Return the run that was current at the time of an event."""
    earlier = [one for one in history if one.event_id < event.event_id]
    return 1 + sum(
        _opens_attempt(one) or one.kind == "advance" or (one.kind == "release" and one.task_status < COMPLETED)
        for one in earlier
    )


def _tracked_end(row: Row, event: Event) -> Iterator[str]:
    if row.status == COMPLETED and row.result != json.dumps({"attempt": row.attempt}, separators=(",", ":")):
        yield f"attempt {row.attempt} has the result {row.result}"
    if row.error_code == "failed" and row.error_message != f"attempt {row.attempt}":
        yield f"attempt {row.attempt} has the error {row.error_message!r}"


def _overdue(row: Row, execution: Execution, truth: Truth) -> Iterator[str]:
    took = (truth.kernel.now if execution.ended_at is None else execution.ended_at) - execution.began_at
    if row.timeout is not None and took < row.timeout - SLACK:
        yield f"run {execution.run} took {took:.2f} s of {row.timeout} s"


def no_early_time_out(row: Row, event: Event, history: Sequence[Event], truth: Truth) -> Iterator[str]:
    """A run is timed out only when its handler has really taken too long."""
    if event.kind != "timeout" or row.stage_timeout is not None:
        return
    execution = truth.executions.get((event.task_id, event.said["run"]))
    if execution is None:
        yield f"run {event.said['run']} was timed out before its handler began"
    else:
        yield from _overdue(row, execution, truth)


def no_early_silence(row: Row, event: Event, history: Sequence[Event], truth: Truth) -> Iterator[str]:
    """A tracked task is given up only after all of its time without news, in which the API ran."""
    if event.kind != "timeout" or row.stage_timeout is None:
        return
    api = truth.kernel.process
    heard_by, since, pauses = truth.news[event.task_id]
    if heard_by is not api:
        since, pauses = 0.0, 0
    silence = api.running_time - since
    if silence < row.stage_timeout - SLACK - STANDSTILL * (api.pauses - pauses):
        yield f"it was silent for {silence:.2f} s of {row.stage_timeout} s"


def cancelled_on_request(row: Row, event: Event, history: Sequence[Event], truth: Truth) -> Iterator[str]:
    """A task is cancelled or tried again only if a client has asked for it."""
    if event.kind == "cancel" and row.task_id not in truth.cancels:
        yield "nobody has cancelled it"
    if event.kind == "retry" and row.task_id not in truth.retries:
        yield "nobody has retried it"


def stages_hand_on(row: Row, event: Event, history: Sequence[Event], truth: Truth) -> Iterator[str]:
    """Each stage that is due runs, on what the one before has left; the first one on what the task was created with."""
    execution = truth.executions.get((event.task_id, event.run))
    if event.kind != "report" or event.outcome != "applied" or execution is None:
        return
    kept = _kept([one for one in history if one.event_id < event.event_id])
    given = kept[-1] if kept else json.loads(row.input or "null")
    handler = row.handler if row.stages is None else json.loads(row.stages)[len(kept)]
    if (execution.handler, execution.given) != (handler, given):
        yield f"run {event.run} was {execution.handler} of {execution.given}, not {handler} of {given}"


DEEDS: tuple[Deed, ...] = (ends_are_true, no_early_time_out, no_early_silence, cancelled_on_request, stages_hand_on)


def last_writer_wins(row: Row, history: Sequence[Event], truth: Truth) -> Iterator[str]:
    """However the reports on a tracked task travelled, the newest of each kind stands, and the end is the one said."""
    said = truth.tracked.get((row.task_id, row.attempt))
    if not said or any(event.kind == "cancel" for event in history):
        return
    newest = max(said, key=lambda report: (report["seq"], report["source"]))
    held = (row.status, row.progress, json.loads(row.metadata))
    if held != (said[-1]["status"], newest["progress"], newest["metadata"]):
        yield f"{held} stands, but {newest} is the newest of what was said"


def what_finished_counts(row: Row, history: Sequence[Event], truth: Truth, reaped: set[str]) -> Iterator[str]:
    """What a handler has finished is its run's end, unless the worker was lost before it could say so."""
    for execution in truth.executions.values():
        if execution.task_id != row.task_id or execution.said is None:
            continue
        ended = any(
            event.outcome == "applied" and event.run == execution.run and event.said.get("status", 0) >= COMPLETED
            for event in history
            if event.kind in ("report", "claim")
        )
        was_lost = not execution.worker.is_alive and not execution.is_durable
        was_reaped = any(truth.workers[worker_id] is execution.worker for worker_id in reaped)
        was_stopped = any(
            event.kind in ("cancel", "timeout") and event.said.get("run", event.run) == execution.run
            for event in history
        )
        if not (ended or was_lost or was_reaped or was_stopped):
            yield f"run {execution.run} {execution.verdict} on {execution.worker.name}, which came to nothing"


def promise(invariant: Callable[..., Iterator[str]]) -> str:
    """Return what an invariant promises."""
    return (invariant.__doc__ or "").strip()
