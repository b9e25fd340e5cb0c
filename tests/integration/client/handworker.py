"""A worker in a thread, which does at once what a task's input says, so that a test needs no process."""

import threading
import time
from typing import Any

from waybill.api_error import ApiError
from waybill.client.calls import Calls

CLAIM = "0" * 32


class HandWorker:
    """Claims every NEW task with a handler, and ends it.

    An input with `hold` keeps the task PROCESSING until `release`; one with a negative `width` fails; the result is the
    input.
    """

    def __init__(self, url: str, token: str) -> None:
        """Begin at once."""
        self._calls = Calls(url, token)
        self._held: list[dict[str, Any]] = []
        self._is_over = threading.Event()
        self._is_released = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hand worker")
        self._thread.start()

    def release(self) -> None:
        """Let the held tasks end, and hold none from now on."""
        self._is_released.set()

    def close(self) -> None:
        """Stop."""
        self._is_over.set()
        self._thread.join()
        self._calls.close()

    def _work(self) -> None:
        while not self._is_over.wait(0.01):
            try:
                while self._held and self._is_released.is_set():
                    self._end(self._held.pop())
                for task in self._calls.list_tasks(status="new"):
                    if task["handler"] is not None:
                        self._begin(task)
            except ApiError:
                time.sleep(0.05)

    def _begin(self, task: dict[str, Any]) -> None:
        self._say(task, {"status": 2})
        if isinstance(task["input"], dict) and task["input"].get("hold"):
            self._held.append(task)
        else:
            self._end(task)

    def _end(self, task: dict[str, Any]) -> None:
        given = task["input"]
        if isinstance(given, dict) and given.get("width", 0) < 0:
            error = {"code": "failed", "message": "a width below 0", "detail": "the traceback"}
            self._say(task, {"status": 4, "error": error})
        else:
            self._say(task, {"status": 3, "result": given})

    def _say(self, task: dict[str, Any], what: dict[str, Any]) -> None:
        run = {"task_id": task["task_id"], "attempt": task["attempt"], "run": task["run"], "claim": CLAIM}
        (answer,) = self._calls.report([run | {"source": "w-1"} | what])
        assert answer.outcome == "applied", answer
