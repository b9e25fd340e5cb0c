"""An installation of Waybill for one test: both services as real processes, on a free port and a folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import requests

from throwaway.clone import ROOT
from throwaway.installation import Installation
from throwaway.process import Process, module

DEADLINE = 120.0
"""Seconds; long enough for a busy machine, since no test is about speed."""

T = TypeVar("T")


def wait_until(predicate: Callable[[], T | None], what: str, seconds: float = DEADLINE) -> T:
    """Poll until the predicate is true and return what it gave; an API that does not answer counts as not yet."""
    begun = time.monotonic()
    deadline = begun + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            answer = predicate()
        except requests.RequestException as error:
            last = error
        else:
            if answer:
                return answer
            last = answer
        # What takes long is asked about less often: with several tests at once, asking takes time from what is awaited.
        time.sleep(min(0.05 + (time.monotonic() - begun) / 20, 0.3))
    raise AssertionError(f"not within {seconds:g} s: {what} (last: {last!r:.500})")


class Service(Process):
    """One process of an installation; the fixture ends it."""

    is_bound = False

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = DEADLINE) -> int:
        """Send it a signal, wait until it has ended, and return its exit code."""
        self.send(number)
        return self.ended(seconds)

    def kill(self) -> None:
        """Kill it as `kill -9` does."""
        self.stop(signal.SIGKILL)

    def ended(self, seconds: float = DEADLINE) -> int:
        """Wait until it has ended, and return its exit code."""
        wait_until(lambda: not self.is_running, f"the end of {self.log.stem}", seconds)
        return int(self.process.returncode)

    def warnings(self) -> list[str]:
        """Return the warnings that it has logged, but for what it says of handlers that happen to be installed."""
        lines = (line for line in self.read().splitlines() if " WARNING " in line)
        return [line for line in lines if " waybill_worker.handlers." not in line]


class Instance(Installation):
    """An installation for one test, its services, and calls to its API."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Prepare it; `settings` are WAYBILL_ variables without the prefix, in lower case."""
        super().__init__(folder, **{"drain_seconds": "3", **settings})
        self.session = requests.Session()
        self.session.trust_env = False
        self.services: list[Service] = []

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the environment of its processes, which find our programs first."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        return super().environment(**settings) | {"PATH": path}

    def start(self, name: str, *command: str, **settings: str) -> Service:
        """Start a process of this installation; its log is named after it."""
        log = self.folder / f"{name}-{len(self.services)}.log"
        service = Service(command, log, self.environment(**settings))
        self.services.append(service)
        return service

    def start_api(self, *prefix: str, **settings: str) -> Service:
        """Start the API, through another program where a prefix names one, and wait until it serves."""
        service = self.start("api", *prefix, *module("waybill_api"), **settings)
        wait_until(lambda: self._serves(service), "an API that serves")
        return service

    def start_worker(self, **settings: str) -> Service:
        """Start a worker, without waiting for it."""
        return self.start("worker", *module("waybill_worker"), **settings)

    def manage(self, *arguments: str, standard_input: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run manage.py with these arguments until it ends."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment(**settings),
            cwd=self.folder,
            input=standard_input,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def get(self, path: str, **parameters: str) -> Any:
        """Return the JSON of a GET."""
        answer = self.session.get(self.url + path, params=parameters, timeout=(5, 70))
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: object) -> requests.Response:
        """Send JSON and return the response, whatever its status."""
        return self.session.post(self.url + path, json=body, headers=self.admin(), timeout=(5, 30))

    def create(self, processing_time: int, name: str = "a task") -> str:
        """Create a task as the assignment has it, and return its id."""
        answer = requests.post(
            f"{self.url}/tasks", json={"name": name, "processing_time": processing_time}, timeout=(5, 30)
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["task_id"])

    def create_many(self, count: int, processing_time: int) -> list[str]:
        """Create tasks in one batch, and return their ids."""
        tasks = [{"name": f"task {number}", "processing_time": processing_time} for number in range(count)]
        answer = self.post("/tasks/batch", {"tasks": tasks})
        assert answer.status_code == 201, answer.text
        return [str(task_id) for task_id in answer.json()["task_ids"]]

    def fail(self, type_name: str, message: str) -> str:
        """Create a task, report that it has failed, and return its id once it is counted among the failures."""
        task_id = str(self.post("/tasks", {"name": "a task", "type": type_name}).json()["task_id"])
        report = {"status": 4, "error": {"code": "failed", "message": message}}
        answer = self.session.patch(f"{self.url}/tasks/{task_id}", json=report, headers=self.admin(), timeout=(5, 30))
        assert answer.status_code == 200, answer.text
        wait_until(lambda: task_id in (one["task_id"] for one in self.get("/failures")), "a failure that is counted")
        return task_id

    def forget_all(self) -> None:
        """Delete all tasks; they have to be final."""
        for task_id in self.tasks():
            answer = self.session.delete(f"{self.url}/tasks/{task_id}", headers=self.admin(), timeout=(5, 30))
            assert answer.ok, answer.text

    def task(self, task_id: str) -> dict[str, Any]:
        """Return a task."""
        task: dict[str, Any] = self.get(f"/tasks/{task_id}")
        return task

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Return all tasks by id."""
        return {task["task_id"]: task for task in self.get("/tasks")}

    def count(self, *statuses: int) -> int:
        """Return how many tasks have one of these statuses."""
        return sum(task["status"] in statuses for task in self.get("/tasks"))

    def ended(self, task_ids: Iterable[str], seconds: float = DEADLINE) -> dict[str, dict[str, Any]]:
        """Wait until all of these tasks are final, and return them by id."""
        wanted = set(task_ids)

        def final() -> dict[str, dict[str, Any]] | None:
            tasks = self.tasks()
            missing = wanted - tasks.keys()
            assert not missing, f"{len(missing)} tasks are gone, such as {min(missing)}"
            chosen = {task_id: tasks[task_id] for task_id in wanted}
            return chosen if all(task["status"] in (3, 4) for task in chosen.values()) else None

        return wait_until(final, f"the end of {len(wanted)} tasks", seconds)

    def admin(self) -> dict[str, str]:
        """Return the headers that make a call the administrator's."""
        token = self.token("admin")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def close(self) -> None:
        """Kill what still runs and print the logs, which pytest shows when the test has failed."""
        self.session.close()
        for service in self.services:
            service.end()
        for service in self.services:
            print(f"---- {service.log.name}\n{service.read()[-20_000:]}")  # noqa: T201

    def _serves(self, service: Service) -> bool:
        assert service.is_running, f"the API ended with {service.process.returncode}:\n{service.read()[-5_000:]}"
        return bool(self.session.get(f"{self.url}/readyz", timeout=(5, 5)).ok)
