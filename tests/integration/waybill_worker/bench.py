"""A worker as a real process, with a scripted API and handlers of the test's own."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.waybill_worker.http_api import HttpApi
from tests.unit.waybill_worker.scripted import ScriptedApi, until
from throwaway.handlers import offer
from throwaway.process import Process, environment
from waybill.client.calls import Answer
from waybill.domain.status import Outcome
from waybill.host.doorbell import ring_all
from waybill.queue.file_queue import FileQueue
from waybill.queue.message import Message

NO_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found by /proc")


def alive(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Bench:
    """A data directory, a scripted API, and a worker process between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.api = ScriptedApi()
        self.api.reply = self.grant
        self.http = HttpApi(self.api)
        self.queue = FileQueue(folder / "queue.db")
        self.processing_time = 0
        self.timeout: int | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self._running: Process | None = None
        self._ordered: dict[str, dict[str, Any]] = {}

    def grant(self, report: dict[str, Any]) -> Answer:
        if report.get("status") != 2:
            return Answer(report["task_id"], Outcome.APPLIED)
        task = {"name": "n", "attempt": 1, "handler": "sleep", "processing_time": self.processing_time, "input": None}
        ordered = self._ordered.get(report["task_id"], {})
        return Answer(report["task_id"], Outcome.APPLIED, task | {"timeout": self.timeout} | ordered)

    def install(self, source: str) -> None:
        """Offer every function of this module, but those with a leading underscore, as a handler."""
        names = re.findall(r"^(?:async )?def ([a-z]\w*)", source, re.MULTILINE)
        offered = {name: f"bench_handlers:{name}" for name in names}
        offer(self.folder / "handlers", offered, bench_handlers=source)
        self.api.types += [{"name": name, "handler": name} for name in names]

    def start(self, *arguments: str, **settings: str) -> None:
        own = {"data_dir": str(self.folder), "port": str(self.http.port), "worker_slots": "8", "drain_seconds": "10"}
        variables = environment(self.folder, [self.folder / "handlers"], **(own | settings))
        command = [sys.executable, *(arguments or ("-m", "waybill_worker"))]
        self._running = Process(command, self.folder / "log", variables)
        self.process = self._running.process

    def log(self) -> bytes:
        return (self.folder / "log").read_bytes()

    def send(self, *numbers: int) -> None:
        self.queue.send([("sleep", 0, Message(f"task-{number}", 1)) for number in numbers])
        ring_all(self.folder / "doorbells")

    def order(self, handler: str, route: str | None = None, **task: Any) -> str:
        """Send a task for this handler, such as `input`, and return its id; `route` is that of a pipeline's stage."""
        task_id = f"{handler}-{len(self._ordered)}"
        self._ordered[task_id] = {"handler": handler, **task}
        self.queue.send([(route or handler, 0, Message(task_id, 1))])
        ring_all(self.folder / "doorbells")
        return task_id

    def end(self, task_id: str) -> dict[str, Any]:
        """Wait for the final report on a task, and return it."""
        until(lambda: self._ends(task_id))
        return self._ends(task_id)[0]

    def run(self, handler: str, **task: Any) -> dict[str, Any]:
        """Send a task for this handler, and return its final report."""
        return self.end(self.order(handler, **task))

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self) -> int:
        assert self.process is not None
        return self.process.wait(60)

    def statuses(self) -> dict[str, int]:
        return {report["task_id"]: report["status"] for report in self.api.reports if "status" in report}

    def left(self) -> set[str]:
        return {path.suffix for folder in ("spool", "doorbells") for path in (self.folder / folder).iterdir()}

    def close(self) -> None:
        self.api.gate.set()
        if self._running is not None:
            self._running.end()
        self.queue.close()
        self.http.close()

    def _ends(self, task_id: str) -> list[dict[str, Any]]:
        return [one for one in self.api.reports if one["task_id"] == task_id and one.get("status") in (3, 4)]
