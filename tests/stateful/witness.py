"""What must hold between any two looks at a task, whatever was done: no model, only what the API itself has shown."""

from collections.abc import Mapping
from typing import Any

from tests.stateful.sayings import same_json

ENDS = (3, 4)
FROZEN = ("status", "result", "error", "started_at", "finished_at")
NEVER_CHANGING = (
    "task_id", "name", "type", "stages", "processing_time", "input", "priority", "external_key", "created_at",
)  # fmt: skip
OPENS_ATTEMPTS = ("report", "timeout")
"""What may put a task back to NEW by its type's retry policy; a final one goes back by an explicit retry only."""

OUTCOMES = frozenset({"applied", "duplicate", "stale", "refused", "invalid"})


class Witness:
    """Remembers every task as it was last shown, every grant, and every token that must not be shown."""

    def __init__(self) -> None:
        self._shown: dict[str, Mapping[str, Any]] = {}
        self._grants: dict[tuple[str, int], str] = {}
        self._last_event = 0
        self._status: dict[str, int] = {}
        self.tokens: set[bytes] = set()

    def see(self, task: Mapping[str, Any]) -> None:
        """Compare a task with how it was shown before."""
        before = self._shown.get(task["task_id"])
        self._shown[task["task_id"]] = task
        assert (task["status"] in ENDS) == (task["finished_at"] is not None), task
        assert (task["status"] == 1) == (task["started_at"] is None), task
        assert (task["status"] == 4) == (task["error"] is not None), task
        assert task["status"] == 3 or task["result"] is None, task
        assert task["due_at"] is None or (task["status"] not in ENDS and task["handler"] is not None), task
        assert task["run"] >= task["attempt"] >= 1, task
        if before is None:
            return
        assert all(same_json(task[name], before[name]) for name in NEVER_CHANGING), (before, task)
        assert task["timeout"] == before["timeout"] or task["attempt"] > before["attempt"], (before, task)
        assert task["stages"] is not None or task["handler"] == before["handler"], (before, task)
        assert all(task[name] >= before[name] for name in ("attempt", "run", "version")), (before, task)
        if task["version"] == before["version"]:
            due = {"due_at": None}  # which a start may bring nearer
            assert same_json({**task, **due}, {**before, **due}), (before, task)
        if task["attempt"] == before["attempt"]:
            assert min(task["status"], 3) >= min(before["status"], 3), (before, task)
            if before["status"] in ENDS:
                assert all(same_json(task[name], before[name]) for name in FROZEN), (before, task)

    def see_grant(self, task_id: str, run: int, claim: str) -> None:
        """Note that a claim was answered with yes: of one run, only one ever is."""
        assert self._grants.setdefault((task_id, run), claim) == claim, (task_id, run)

    def see_event(self, event: Mapping[str, Any]) -> None:
        """Compare a line of the history with those before."""
        assert event["event_id"] > self._last_event, event
        self._last_event = event["event_id"]
        assert event["outcome"] in OUTCOMES, event
        assert "claim" not in event, event
        before, after = self._status.get(event["task_id"], 1), event["task_status"]
        self._status[event["task_id"]] = after
        if before in ENDS:
            assert after == before or (event["kind"], after) == ("retry", 1), (before, event)
        elif after < before:
            assert (after, event["outcome"]) == (1, "applied"), (before, event)
            assert event["kind"] in OPENS_ATTEMPTS, (before, event)

    def see_body(self, body: bytes) -> None:
        """Make sure that no claim is shown."""
        assert not any(token in body for token in self.tokens), body

    def forget(self, task_id: str) -> None:
        """Forget a task that was deleted."""
        self._shown.pop(task_id, None)
        self._status.pop(task_id, None)
