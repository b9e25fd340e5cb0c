"""The oracle: it looks at the database after every commit, and reports each invariant that does not hold."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from proof.simulation import invariants
from proof.simulation.invariants import DEEDS, STEPS, promise
from proof.simulation.ledger import Event, Ledger, Row
from proof.simulation.truth import Execution, Truth
from proof.simulation.virtual.kernel import BOOT, Kernel
from proof.simulation.virtual.network import Exchange
from proof.simulation.virtual.process import Process
from waybill_api.store.writing.unit import Commit
from waybill_worker.exit import Exit

WORKER_CALL = re.compile(r"/workers/([^/]+)/(heartbeat|gone)")

LEASE = 15.0
TICK = 1.0
"""The seconds of silence that a worker may keep, and how coarsely the reaper counts them: it leaves out the tick in
which a beat came, and each tick in which the API was paused."""
SLACK = 0.1
HANGS = 13.0
"""The seconds that a handler must be overdue before its worker may end because of it."""

SOUND = "no part of the product fails inside"
LIVING = "no living worker is given up"
LEASED = "a worker is reaped only after a lease of silence that a running API has observed"
RELEASED = "no run is taken from a worker that has it in hand"
REFUSED = "the claims of a worker that is gone are refused"
ALONE = "no run is executed twice"
KEPT = "a task that was answered 201 is kept, once"
SEEN = "what a client reads never goes back"
ENDED = "every task with a handler ends while a worker lives, and each that may not be silent"
BESIDE = "no attempt begins while its worker is leaving the one before it"
STANDING = "the result of a stage stands"
HIDDEN = "the secret fields of an input are shown to its worker alone"
EDITED = "a declaration leaves what a person has set"
LOGGED = "the log of a run is what that run has printed, in its attempt"
CALM = "everybody gets an answer in the end"


class Violation(NamedTuple):
    """An invariant that does not hold."""

    at: float
    """Seconds since the beginning."""
    invariant: str
    detail: str


class Oracle:
    """Hears of commits, requests and endings, and looks at the database itself."""

    def __init__(self, kernel: Kernel, truth: Truth, path: Path) -> None:
        """Take the truth for comparison, and the database."""
        self._kernel = kernel
        self._truth = truth
        self._ledger = Ledger(path)
        self._reaped: set[str] = set()
        self.violations: list[Violation] = []
        self.moved_at = kernel.now
        """The time of the last change of a task."""

    @property
    def is_violated(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.violations)

    @property
    def open(self) -> int:
        """How many tasks have not ended."""
        return sum(not row.is_final for row in self._ledger.rows.values())

    def violate(self, invariant: str, detail: str) -> None:
        """Note that an invariant does not hold."""
        self.violations.append(Violation(self._kernel.now - BOOT, invariant, detail))
        self._kernel.note(f"VIOLATION {invariant}: {detail}")

    def close(self) -> None:
        """Close the database."""
        self._ledger.close()

    # What the product does

    def committed(self, commit: Commit) -> None:
        """Look at everything after a commit."""
        rows, events, gone = self._ledger.look()
        known, dead = self._ledger.rows, self._ledger.gone
        self._ledger.keep(rows, events, gone)
        self._look_at_stages()
        self._look_at_logs()
        changed = {event.task_id for event in events} | {key for key, row in rows.items() if row != known.get(key)}
        for task_id in sorted(changed & rows.keys()):
            before, after = known.get(task_id), rows[task_id]
            history = self._ledger.history.get(task_id, [])
            if before != after:
                self.moved_at = self._kernel.now
            for step in STEPS:
                self._complain(promise(step), after, step(before, after, history))
        for event in events:
            self._note(event)
            self._judge(event, rows[event.task_id], gone if event.source in dead else dead)
            if event.kind in ("cancel", "timeout") or invariants.has_timed_out(event):
                run = event.said.get("run", event.run)
                self._truth.taken.setdefault((event.task_id, run), self._kernel.now)
            if event.outcome == "applied":
                api = self._kernel.process
                self._truth.news[event.task_id] = api, api.running_time, api.pauses
        for worker_id in sorted(gone - dead):
            self._judge_gone(worker_id)
        self._judge_overlaps()
        for key in self._truth.twice:
            self.violate(ALONE, f"{key[0][-6:]}/{key[1]}")
        for task_id in self._truth.created.keys() - rows.keys():
            self.violate(KEPT, f"{self._truth.created[task_id]} is lost")

    def arrived(self, exchange: Exchange) -> None:
        """Note a worker that is declared gone."""
        found = WORKER_CALL.fullmatch(exchange.path)
        if found is None or found[2] != "gone":
            return
        worker = self._truth.workers.get(found[1])
        self._truth.farewells.add(found[1])
        if worker is not None and worker.is_alive and exchange.caller is not worker:
            self.violate(LIVING, f"{exchange.caller.name} says that {worker.name} is gone")

    def served(self, process: Process, exchange: Exchange, status: int) -> None:
        """Note a heartbeat."""
        found = WORKER_CALL.fullmatch(exchange.path)
        if found is not None and found[2] == "heartbeat" and status < 300:
            self._truth.beats[found[1], process] = process.running_time, process.pauses

    def failed(self, said: str) -> None:
        """Note something that must never happen."""
        self.violate(SOUND, said)

    def ended(self, process: Process, ending: Exit) -> None:
        """Judge the end of a worker that was not asked to end."""
        ids = [worker_id for worker_id, one in self._truth.workers.items() if one is process]
        hangs = any(
            one.worker is process for one in self._truth.executions.values() if _overdue(one, self._kernel) > HANGS
        )
        if ending is Exit.GIVEN_UP and not self._ledger.gone.intersection(ids):
            self.violate(LIVING, f"{process.name} gave up, but nobody had given it up")
        if ending is not Exit.GIVEN_UP and not hangs:
            self.violate(SOUND, f"{process.name} has ended: {ending.name.lower()}")

    # What the clients see

    def standing(self, task_id: str) -> Row | None:
        """Return the present row of a task."""
        return self._ledger.rows.get(task_id)

    def seen(self, known: Row | None, task: dict[str, Any]) -> None:
        """Judge an answer to a client, given the task at the time of the request."""
        if known is not None and (task["attempt"], task["version"]) < (known.attempt, known.version):
            self.violate(SEEN, f"{known.short}: version {task['version']} after {known.version}")

    # The end

    def judge_the_end(self, busy: int) -> None:
        """Judge the state after everything has had enough time."""
        if self.violations:
            return
        if busy:
            self.violate(CALM, f"{busy} people still wait")
        for name, count in Counter(row.name for row in self._ledger.rows.values()).items():
            if count > 1:
                self.violate(KEPT, f"{name} was created {count} times")
        for row in self._ledger.rows.values():
            history = self._ledger.history[row.task_id]
            if (row.handler is not None or row.stage_timeout is not None) and not row.is_final:
                self.violate(ENDED, f"{row.short} has status {row.status}, run {row.run}")
            ending: Iterable[tuple[Callable[..., Any], Any]] = (
                (invariants.last_writer_wins, invariants.last_writer_wins(row, history, self._truth)),
                (
                    invariants.what_finished_counts,
                    invariants.what_finished_counts(row, history, self._truth, self._reaped),
                ),
            )
            for invariant, complaints in ending:
                self._complain(promise(invariant), row, complaints)

    def _look_at_stages(self) -> None:
        known, left = self._ledger.left, self._ledger.look_at_stages()
        self._ledger.left = left
        for key, result in known.items():
            if left.get(key) != result:
                self.violate(STANDING, f"{key[0][-6:]}, stage {key[1]}, attempt {key[2]}: {result}")

    def _look_at_logs(self) -> None:
        known, logs = self._ledger.logs, self._ledger.look_at_logs()
        self._ledger.logs = logs
        for key, log in logs.items():
            if known.get(key) != log:
                self._judge_log(key, *log)

    def _judge_log(self, key: tuple[str, int], attempt: int, text: str) -> None:
        execution = self._truth.executions.get(key)
        line = "" if execution is None else execution.line.decode()
        if not line or text != line * text.count("\n"):
            self.violate(LOGGED, f"{key[0][-6:]}/{key[1]}: {text!r}")
        claims = [one for one in self._ledger.history.get(key[0], []) if one.kind == "claim" and one.run == key[1]]
        if {one.attempt for one in claims if one.outcome == "applied"} != {attempt}:
            self.violate(LOGGED, f"{key[0][-6:]}/{key[1]}: attempt {attempt}")

    def _judge(self, event: Event, row: Row, dead: set[str]) -> None:
        for deed in DEEDS:
            self._complain(promise(deed), row, deed(row, event, self._ledger.history[event.task_id], self._truth))
        if event.kind == "claim" and event.outcome == "applied" and event.source in dead:
            self.violate(REFUSED, f"{row.short}: run {event.run} for {event.source}")
        if event.kind == "release":
            self._judge_release(event, row)

    def _judge_release(self, event: Event, row: Row) -> None:
        worker_id, run = event.said["worker"], event.said["run"]
        worker = self._truth.workers.get(worker_id)
        if worker is None or not worker.is_alive or worker.is_stopping or worker_id in self._ledger.gone:
            return
        if event.said["crashed"] and invariants.has_crashed(self._ledger.history[event.task_id][-2]):
            return
        if event.said["crashed"]:
            self.violate(RELEASED, f"{row.short}: run {run}, although {worker.name} lives")
        elif (event.task_id, run) in self._truth.executions:
            self.violate(RELEASED, f"{row.short}: run {run} of {worker.name}, which knows of it")

    def _judge_gone(self, worker_id: str) -> None:
        if worker_id in self._truth.farewells:
            return
        self._reaped.add(worker_id)
        api = self._kernel.process
        since, pauses = self._truth.beats.get((worker_id, api), (0.0, 0))
        silence = api.running_time - since
        if silence < LEASE - TICK * (1 + api.pauses - pauses) - SLACK:
            name = self._truth.workers[worker_id].name
            self.violate(LEASED, f"{name} was silent for {silence:.2f} s")

    def _judge_overlaps(self) -> None:
        """Report attempts that began beside the one before them, although the API could wait for its worker."""
        for old, new in self._truth.overlaps:
            taken = self._truth.taken.get((old.task_id, old.run))
            ids = {worker_id for worker_id, one in self._truth.workers.items() if one is old.worker}
            # The API does not wait for a handler that its worker has abandoned.
            is_held = taken is not None and old.end != "hang" and not ids & self._ledger.gone
            if taken is None or not is_held or new.began_at - taken >= LEASE - SLACK:
                continue
            self.violate(
                BESIDE, f"run {new.run} of {old.task_id[-6:]} began {new.began_at - taken:.2f} s after {old.run}"
            )
        self._truth.overlaps.clear()

    def _complain(self, invariant: str, row: Row, complaints: Iterable[str]) -> None:
        for complaint in complaints:
            self.violate(invariant, f"{row.short}: {complaint}")

    def _note(self, event: Event) -> None:
        said = f" {event.said}" if event.said else ""
        self._kernel.note(
            f"{event.kind} {event.outcome}: {event.task_id[-6:]} {event.attempt}/{event.run} by {event.source}{said}"
            f" -> status {event.task_status}"
        )


def _overdue(execution: Execution, kernel: Kernel) -> float:
    """Return the seconds that a handler takes beyond its steps."""
    meant: float = sum(execution.given.get("steps", ()))
    return (execution.ended_at or kernel.now) - execution.began_at - meant
