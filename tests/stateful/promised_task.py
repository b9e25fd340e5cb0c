"""What is promised of one task: the tables of docs/design.md, over a log of all that was said.

It shares no code with the domain, and no way of working either: the domain folds each report into a row, while here
every accepted write is kept, and what holds is looked up among them.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.stateful.sayings import (
    BIG,
    COMPLETED,
    ENDS,
    ERROR,
    NEW,
    NO_ERROR_SAID,
    PROCESSING,
    STATUS_NAMES,
    Said,
    Write,
    ending,
    registers,
    same_json,
    text_of,
    timestamp,
)

ANY: Any = object()
"""A text that is not promised; once seen, it stays."""

ABOUT_PROGRESS = frozenset({"status", "stage", "progress", "result", "error"})
"""What only the holder of the run may say about a task with a handler."""

CRASH_BUDGET = 4
LOSS_BUDGET = 16
LEAVING = 15_000
"""Milliseconds for which an attempt waits at most until the worker has left the run before it."""
ENVELOPE = frozenset({"task_id", "attempt", "run", "seq", "source", "claim", "isolates"})
"""What a report says of itself; the rest is what it says about the task."""


@dataclass
class PromisedTask:
    """One task, as the documentation says that it is."""

    task_id: str
    given: dict[str, Any]
    """The fields that only a retry changes, as they are shown."""
    max_attempts: int
    min_backoff: float
    max_backoff: float
    stage_since: int
    heard_at: int
    due: tuple[int, int] | None
    """Between which two times the run becomes due: the back-off's jitter is not promised, only its bounds."""
    status: int = NEW
    attempt: int = 1
    run: int = 1
    has_own_timeout: bool = False
    failures: int = 0
    crashes: int = 0
    losses: int = 0
    leaving: str | None = None
    """The worker that may still execute an earlier run."""
    is_suspect: bool = False
    is_apart: bool = False
    """Whether its worker runs it in a process of its own."""
    version: int = 1
    claim: str | None = None
    holder: str | None = None
    result: Any = None
    error: Any = None
    started_at: int | None = None
    finished_at: int | None = None
    backoff: tuple[int, int] = (0, 0)
    """The bounds, in milliseconds, of the back-off that the run waits for."""
    left: list[Any] = field(default_factory=list)
    """What the stages of a pipeline have left that it has behind it."""
    stage_run: int = 1
    """The first run of the present stage."""
    log: dict[str, list[Write]] = field(default_factory=dict)
    unseen: list[dict[str, Any]] = field(default_factory=list)
    """What the history must hold, as far as it has not been compared yet."""

    @property
    def is_tracked(self) -> bool:
        return self.given["handler"] is None and self.stage is None

    @property
    def stage(self) -> str | None:
        """The stage of a pipeline that is next or runs."""
        return None if self.given["stages"] is None else str(self.given["stages"][len(self.left)])

    @property
    def input(self) -> Any:
        """What its present run is given."""
        return self.left[-1] if self.left else self.given["input"]

    @property
    def is_final(self) -> bool:
        return self.status in ENDS

    @property
    def is_held(self) -> bool:
        return self.claim is not None and not self.is_final

    @property
    def run_limit(self) -> float:
        timeout, processing_time = self.given["timeout"], self.given["processing_time"]
        if timeout is not None:
            return float(timeout)
        is_limited = self.given["handler"] == "sleep" and processing_time is not None
        return processing_time + 60 if is_limited else 3_600

    def is_due(self, now: int) -> bool:
        """Whether the run may be claimed; tests do not look between the bounds of a back-off."""
        return self.due is not None and self.due[1] <= now

    # Reports

    def report(self, said: Said, now: int, *, is_open: bool) -> str:
        """Judge a report, take in what it says if it is applied, and return its outcome.

        `is_open` says whether a first claim may be granted: the type is not paused, the worker not gone.
        """
        on = said.get("attempt") or (1 if "seq" in said else self.attempt)
        run = said.get("run", self.run)
        asks_for_run = "claim" in said and self.claim is None and said.get("status") == PROCESSING
        passed, crashes = len(self.left), self.crashes
        outcome = self._refusal(said, on, now, is_open=is_open)
        if outcome is None:
            outcome = self._take_in(said, now, is_grant=asks_for_run)
        self._remember(said, on, run, outcome, "claim" if asks_for_run else "report")
        if len(self.left) > passed:
            self._remember({"source": "api", "stage": self.stage}, self.attempt, self.run, "applied", "advance")
        elif self.crashes > crashes and not self.is_final:
            self._remember({"source": "api"}, self.attempt, self.run, "applied", "release")
        return outcome

    def _refusal(self, said: Said, on: int, now: int, *, is_open: bool) -> str | None:
        """The first eight lines of the table of the report protocol."""
        is_first_claim = is_open and said.get("status") == PROCESSING and self.is_due(now)
        claim = said.get("claim")
        table = (
            (on > self.attempt, "refused"),
            (on < self.attempt, "stale"),
            (claim is None and not self.is_tracked and bool(said.keys() & ABOUT_PROGRESS), "refused"),
            (claim is not None and self.stage is not None and said.get("run", self.run) < self.stage_run, "stale"),
            (claim is not None and (self.is_tracked or said.get("run") != self.run), "refused"),
            (claim is not None and self.claim is None and not is_first_claim, "refused"),
            (claim is not None and self.claim not in (None, claim), "refused"),
            (self._says_another_end(said), "refused"),
        )
        return next((outcome for applies, outcome in table if applies), None)

    def _says_another_end(self, said: Said) -> bool:
        if not self.is_final or said.get("status") not in ENDS:
            return False
        result, error = ending(said)
        here, there = ({**one, "detail": None} if one else None for one in (error, self.error))
        return not same_json((said["status"], result, here), (self.status, self.result, there))

    def _take_in(self, said: Said, now: int, *, is_grant: bool) -> str:
        """The other lines: what is newest holds, and the status only rises."""
        if is_grant:
            self.claim, self.holder, self.due, self.leaving = said["claim"], said["source"], None, None
            self.is_apart = self.is_suspect and bool(said.get("isolates"))
        seq = said.get("seq", 1 + max((w.seq for w in self._newest() if w.run == self.run), default=0))
        changes, is_older, is_too_much = is_grant, False, False
        for register, value in registers(said):
            if register == "stage" and self.stage is not None:
                continue
            write = Write(self.run, seq, said["source"], text_of(value))
            known = self.newest(register)
            if known is not None and write.place <= known.place:
                is_older |= write.text != known.text
            elif known is not None and "seq" not in said and write.text == known.text:
                continue
            elif value == BIG and any(w.text == text_of(BIG) and w is not known for w in self._newest()):
                is_too_much = True
            else:
                if register == "stage" and (known is None or known.text != write.text):
                    self.stage_since = now
                self.log.setdefault(register, []).append(write)
                changes = True
        status = said.get("status", NEW)
        if min(status, 3) > min(self.status, 3):
            self._advance(said, status, now)
            changes = True
        elif "status" in said and min(status, 3) < min(self.status, 3):
            is_older = True
        if changes:
            self.version += 1
            self.heard_at = now
            return "applied"
        return "invalid" if is_too_much else "stale" if is_older else "duplicate"

    def _advance(self, said: Said, status: int, now: int) -> None:
        if status == PROCESSING:
            self.status, self.started_at = status, now
            return
        result, error = ending(said)
        if error is not None and error["code"] in ("failed", "timeout") and not self.is_tracked:
            self._fail(error, now)
        elif error is not None and error["code"] == "worker_lost" and not self.is_tracked:
            self._crash(now)
        elif status == COMPLETED and self.stage is not None and self.stage != self.given["stages"][-1]:
            self._pass_stage(result, now)
        else:
            self._end(status, result, error, now)

    def _pass_stage(self, result: Any, now: int) -> None:
        """Go on to the next stage, with fresh budgets."""
        self.left.append(result)
        self.stage_since = now
        self.run += 1
        self.failures = self.crashes = self.losses = 0
        self.is_suspect, self.leaving = False, None
        self.claim, self.holder, self.due, self.backoff = None, None, (now, now), (0, 0)
        self._enter()

    def _enter(self) -> None:
        """Be before a stage, or at the beginning of an attempt: of what was reported the metadata stays."""
        self.stage_run = self.run
        self.log = {register: writes for register, writes in self.log.items() if register.startswith("metadata/")}

    def newest(self, register: str) -> Write | None:
        """Return the write that holds: the newest, and of equals the first that came."""
        return max(self.log.get(register, ()), key=lambda write: write.place, default=None)

    def _newest(self) -> list[Write]:
        return [write for register in self.log if (write := self.newest(register)) is not None]

    # Everything else that can happen to it

    def cancel(self, now: int) -> None:
        """End at the wish of a client."""
        self.leaving = self.holder if self.is_held else self.leaving
        self.claim = None
        self._end(ERROR, None, {"code": "cancelled", "message": ANY}, now)
        self._deed("cancel")

    def retry(self, now: int, task_type: dict[str, Any]) -> None:
        """Open another attempt at the wish of a client, as the type is now."""
        self.given |= {name: task_type[name] for name in ("handler", "stages")}
        if not self.has_own_timeout:
            self.given["timeout"] = task_type["timeout"]
        self.max_attempts = task_type["max_attempts"]
        self.min_backoff, self.max_backoff = task_type["min_backoff"], task_type["max_backoff"]
        self.failures = self.crashes = self.losses = 0
        self.is_suspect = self.is_suspect and self.status == ERROR
        self._next_attempt(now, (0, 0))
        self._deed("retry")

    def release(self, now: int, *, crashed: bool, alone: bool = False) -> None:
        """Lose its worker, which held no other run if `alone`."""
        if crashed:
            self.is_suspect = True
            self.crashes += alone and not self.is_apart
            self.losses += not alone or self.is_apart
        self._hand_over(now)
        self._deed("release")

    def _crash(self, now: int) -> None:
        """Crash in a process of its own, while its worker lives."""
        self.is_suspect = True
        self.crashes += 1
        self.heard_at = now
        self._hand_over(now)

    def _hand_over(self, now: int) -> None:
        self.claim = None
        if self.crashes >= CRASH_BUDGET or self.losses >= LOSS_BUDGET:
            self._end(ERROR, None, {"code": "worker_lost", "message": ANY}, now)
        else:
            self.run += 1
            self.holder, self.due, self.backoff = None, (now, now), (0, 0)

    def time_out(self, now: int) -> None:
        """Take too long."""
        self._fail({"code": "timeout", "message": ANY}, now)
        self._deed("timeout")

    def _fail(self, error: dict[str, Any], now: int) -> None:
        self.failures += 1
        if error["code"] == "timeout":
            self.is_suspect, self.leaving = True, self.holder
        if self.failures >= self.max_attempts:
            self._end(ERROR, None, error, now)
            return
        longest = 1000 * min(self.max_backoff, self.min_backoff * 2 ** (self.failures - 1))
        self._next_attempt(now, (int(longest / 2), int(longest)))

    def _end(self, status: int, result: Any, error: Any, now: int) -> None:
        self.status, self.result, self.error = status, result, error
        self.started_at = self.started_at or now
        self.finished_at = self.heard_at = now
        self.due = None

    def _next_attempt(self, now: int, backoff: tuple[int, int]) -> None:
        if self.status == COMPLETED:
            self.left.clear()
        self.attempt += 1
        self.run += 1
        self.stage_since = self.heard_at = now
        self.status, self.claim, self.holder = NEW, None, None
        self.result = self.error = self.started_at = self.finished_at = None
        self._enter()
        self.backoff = backoff
        self.due = None if self.is_tracked else self._waits_until(now)

    def _waits_until(self, now: int) -> tuple[int, int]:
        hold = 0 if self.leaving is None else LEAVING
        return now + max(self.backoff[0], hold), now + max(self.backoff[1], hold)

    def leave(self, worker_id: str, now: int) -> None:
        """Hear that a worker executes no earlier run any more."""
        if self.leaving != worker_id:
            return
        self.leaving = None
        if self.due is not None:
            bounds = zip(self.due, self.backoff, strict=True)
            earliest, latest = (min(at, max(now, self.stage_since + wait)) for at, wait in bounds)
            self.due = earliest, latest
            self.version += 1

    def restart(self, now: int) -> None:
        """See the API start again: nobody waits longer than the back-off, whatever the clock did meanwhile."""
        if self.due is not None:
            earliest, latest = map(min, self.due, self._waits_until(now))
            self.due = earliest, latest

    def created(self) -> None:
        """Note the first line of the history."""
        self._deed("create", bump=False)

    def _deed(self, kind: str, *, bump: bool = True) -> None:
        self.version += bump
        self._remember({"source": "api"}, self.attempt, self.run, "applied", kind)

    def _remember(self, said: Said, attempt: int, run: int, outcome: str, kind: str) -> None:
        about = {key: value for key, value in said.items() if key not in ENVELOPE and value is not None}
        if "error" in about:
            about["error"] = NO_ERROR_SAID | about["error"]
        event = {"attempt": attempt, "run": run, "seq": said.get("seq"), "source": said["source"]}
        self.unseen.append(about | event | {"kind": kind, "outcome": outcome, "task_status": self.status})

    # What is shown

    def check(self, shown: dict[str, Any]) -> None:
        """Compare with the task as the API shows it, and learn when its run is due."""
        if self.error is not None and self.error["message"] is ANY:
            self.error["message"] = shown["error"]["message"]
        expected = self.given | {
            "task_id": self.task_id,
            "status": self.status,
            "status_name": STATUS_NAMES[self.status],
            "attempt": self.attempt,
            "run": self.run,
            "failures": self.failures,
            "crashes": self.crashes,
            "losses": self.losses,
            "isolate": self.is_suspect,
            "handler": self.stage or self.given["handler"],
            "stage": self.stage or self._value("stage"),
            "progress": self._value("progress"),
            "metadata": {name.partition("/")[2]: self._value(name) for name in self.log if name.startswith("metadata")},
            "result": self.result,
            "error": None if self.error is None else {"detail": None, **self.error},
            "started_at": timestamp(self.started_at),
            "finished_at": timestamp(self.finished_at),
            "version": self.version,
            "stage_since": timestamp(self.stage_since),
            "heard_at": timestamp(self.heard_at),
            "silent_at": None,
        }
        due_at = shown["due_at"]
        found = {key: value for key, value in shown.items() if key != "due_at"}
        assert same_json(found, expected), (found, expected)
        assert (due_at is None) == (self.due is None), (due_at, self.due)
        if self.due is not None:
            earliest, latest = map(timestamp, self.due)
            assert str(earliest) <= due_at <= str(latest), (earliest, due_at, latest)

    def _value(self, register: str) -> Any:
        write = self.newest(register)
        return None if write is None else json.loads(write.text)
