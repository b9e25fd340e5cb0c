"""A naive tracker as a process, and the client that writes to it."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from signal import SIGTERM
from typing import Any

from demo.pipeline.tally import rank
from throwaway.port import answers, free_port
from throwaway.process import environment, module, running
from throwaway.program import CannotGoOn

NAMING = ("type", "external_key")
"""The fields that name the task; for the naive tracker, the path names it."""


class Tracker:
    """Speaks to a naive tracker: each report becomes a PATCH, in the order of arrival."""

    def __init__(self, name: str, port: int) -> None:
        """Take its name in the table, and its port."""
        self.name = name
        self.backwards = 0
        """How many times a task's status went back."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30.0)
        self._statuses: dict[str, int] = {}
        self._arrived: SimpleQueue[Sequence[dict[str, Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._failure: Exception | None = None

    def create(self, keys: Sequence[str]) -> None:
        """Create the tasks."""
        self._ask("POST", "/tasks", {"keys": list(keys)})

    def deliver(self, reports: Sequence[dict[str, Any]]) -> None:
        """Take reports that have arrived; they are written later, in their order."""
        self._arrived.put(reports)

    def begin(self) -> None:
        """Begin to write what has arrived."""
        self._arrived.put(None)
        self._thread.start()

    def settle(self) -> None:
        """Wait until all that has arrived is written. Raises CannotGoOn if that fails."""
        self._thread.join()
        if self._failure is not None:
            raise CannotGoOn(f"the naive tracker {self.name}: {self._failure!r}")

    def state(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Return status and metadata of every task, by key."""
        return {row["key"]: (row["status"], row["metadata"]) for row in self._ask("GET", "/tasks")["tasks"]}

    def costs(self) -> dict[str, int]:
        """Return the costs of the updates."""
        return dict(self._ask("GET", "/costs"))

    def _run(self) -> None:
        try:
            while (reports := self._arrived.get()) is not None:
                for report in reports:
                    self._patch(report)
        except (CannotGoOn, OSError, http.client.HTTPException) as error:
            self._failure = error

    def _patch(self, report: dict[str, Any]) -> None:
        key = report["external_key"]
        said = {name: value for name, value in report.items() if name not in NAMING}
        status = self._ask("PATCH", f"/tasks/{key}", said)["status"]
        self.backwards += rank(status) < rank(self._statuses.get(key, status))
        self._statuses[key] = status

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        self._connection.request(method, path, None if body is None else json.dumps(body))
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise CannotGoOn(f"{method} {path} was answered with {answer.status}")
        return json.loads(text) if text else None


@contextlib.contextmanager
def tracker(name: str, kind: str, place: str, folder: Path) -> Iterator[Tracker]:
    """Run a naive tracker on a database of this kind; its log is in `folder`."""
    port = free_port()
    command = module("demo.pipeline.naive", str(port), kind, place)
    with running(command, folder / f"naive-{kind}.log", environment(folder), SIGTERM) as process:
        process.wait_until(partial(answers, port, "/costs"))
        yield Tracker(name, port)
