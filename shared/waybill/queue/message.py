"""What the queue carries."""

import json
from dataclasses import dataclass
from typing import NamedTuple

TASK_ID_CAP = 128
RUN_CAP = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Message:
    """What the queue carries: a hint that this run of this task is due."""

    task_id: str
    run: int

    def encode(self) -> bytes:
        """Return the message as it lies on the queue: JSON, since a pickle would run code from the file."""
        return json.dumps({"task_id": self.task_id, "run": self.run}).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Message":
        """Read a message; fields that this version does not know are ignored. Raises ValueError on anything else."""
        try:
            fields = json.loads(data)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        task_id, run = (fields.get("task_id"), fields.get("run")) if isinstance(fields, dict) else (None, None)
        # Only values that a claim may hold: one bad claim would spoil its whole request.
        if not isinstance(task_id, str) or not task_id.isascii() or len(task_id) > TASK_ID_CAP:
            raise ValueError("no task_id")
        if type(run) is not int or not 0 < run <= RUN_CAP:
            raise ValueError("no run")
        return cls(task_id, run)


class RoutedMessage(NamedTuple):
    """A message with the route it travels on and its priority (higher goes first)."""

    route: str
    priority: int
    message: Message


class QueuedMessage(NamedTuple):
    """A message on the queue, with its number there."""

    number: int
    route: str
    message: Message
