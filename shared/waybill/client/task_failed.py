"""A task that ended in ERROR, as an exception."""

from collections.abc import Mapping
from typing import Any


class TaskFailed(Exception):
    """A task whose result was asked for ended in ERROR."""

    def __init__(self, task_id: str, error: Mapping[str, Any] | None) -> None:
        """Take the id of the task, and its error as the API tells it."""
        said = error or {}
        self.task_id = task_id
        self.code = str(said.get("code", "failed"))
        """failed, timeout, cancelled, worker_lost or no_handler."""
        self.message = str(said.get("message", ""))
        self.detail: str | None = said.get("detail")
        """The traceback or the last output, if there is one."""
        super().__init__(f"{self.code}: {self.message}")
