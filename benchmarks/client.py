"""A client for every contender: one kept-alive connection, one request at a time."""

import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from throwaway.program import CannotGoOn

COMPLETED = 3
ERROR = 4
TIMEOUT = 70.0


class Client:
    """Talks to one server on this machine. Every call raises CannotGoOn after a wrong answer."""

    def __init__(self, port: int) -> None:
        """Take the port; the first call connects."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON at `path`."""
        return self._ask("GET", path, None, 200)

    def create(self, processing_time: int) -> str:
        """Create a task, and return its id."""
        return str(self._ask("POST", "/tasks", task_body(processing_time), 201)["task_id"])

    def find(self, task_id: str) -> Any:
        """Return a task, or the problem that the server answers with if the task has been deleted."""
        return self._ask("GET", f"/tasks/{task_id}", None, 200, others=(404,))

    def report(self, token: str, reports: Sequence[Mapping[str, object]]) -> None:
        """Send reports."""
        headers = {"Authorization": f"Bearer {token}"}
        self._ask("POST", "/reports", json.dumps({"reports": reports}).encode(), 200, headers)

    def wait_for(self, task_id: str, interval: float | None) -> None:
        """Return once a task is COMPLETED; look every `interval` seconds, or use one long `?wait` if it is None."""
        path = f"/tasks/{task_id}" if interval is not None else f"/tasks/{task_id}?wait=60"
        poll(lambda: self.get(path)["status"] == COMPLETED, interval or 0.0, "a task that ends")

    def wait_for_all(self, task_ids: list[str], interval: float) -> None:
        """Return once all tasks are COMPLETED. The list is requested only after the last task has ended."""
        self.wait_for(task_ids[-1], interval)
        wanted = set(task_ids)

        def are_all_completed() -> bool:
            found = {task["task_id"]: task["status"] for task in self.get("/tasks")}
            statuses = [found.get(task_id, ERROR) for task_id in wanted]
            if ERROR in statuses:
                raise CannotGoOn(f"{statuses.count(ERROR)} of {len(wanted)} tasks were lost or failed")
            return all(status == COMPLETED for status in statuses)

        poll(are_all_completed, interval, f"{len(wanted)} tasks that end")

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        wanted: int,
        headers: Mapping[str, str] | None = None,
        others: Sequence[int] = (),
    ) -> Any:
        typed = {"Content-Type": "application/json"} if body else {}
        try:
            self._connection.request(method, path, body, {**typed, **(headers or {})})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise CannotGoOn(f"{method} {path} was not answered: {error!r}") from None
        if answer.status not in (wanted, *others):
            raise CannotGoOn(f"{method} {path} was answered with {answer.status}: {text[:200]!r}")
        return json.loads(text)


def task_body(processing_time: int) -> bytes:
    """Return the body of a POST /tasks."""
    return json.dumps({"name": "a task", "processing_time": processing_time}).encode()


def poll(is_so: Callable[[], bool], interval: float, what: str, patience: float = 120.0) -> None:
    """Ask every `interval` seconds until it is so. Raises CannotGoOn after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > deadline:
            raise CannotGoOn(f"waited {patience:g} s in vain for {what}")
        time.sleep(interval)
