"""An API on a database that is filled already."""

import contextlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contender import wait_until_it_serves
from benchmarks.growth.jsons import TYPE, key_of, step
from benchmarks.load import request
from benchmarks.process import running
from waybill.host.port import free_port

BATCH = 50
"""Reports in one request."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A running API, and what can be asked of it."""

    port: int
    token: str
    """The token for reports."""
    task_ids: list[str]
    """All tasks, in the order of their numbers."""
    pid: int
    """That of the API's process."""

    def reports(self, chance: random.Random) -> Iterator[bytes]:
        """Yield requests that each report on many open tasks, from anywhere in the database."""
        allowed = f"Authorization: Bearer {self.token}\r\n"
        open_ids = self.task_ids[:: step(len(self.task_ids))]
        while True:
            reports = [
                {"task_id": chance.choice(open_ids), "status": 2, "stage": "publish", "progress": chance.random()}
                for _ in range(BATCH)
            ]
            yield request(self.port, "POST", "/reports", json.dumps({"reports": reports}).encode(), allowed)

    def by_id(self, chance: random.Random) -> Iterator[bytes]:
        """Yield requests for single tasks by their ids."""
        while True:
            yield request(self.port, "GET", f"/tasks/{chance.choice(self.task_ids)}")

    def by_key(self, chance: random.Random) -> Iterator[bytes]:
        """Yield requests for single tasks by their external keys."""
        while True:
            key = key_of(chance.randrange(len(self.task_ids)))
            yield request(self.port, "GET", f"/tasks?type={TYPE}&external_key={key}")


@contextlib.contextmanager
def serving(folder: Path, task_ids: list[str]) -> Iterator[Installation]:
    """Start an API with its default settings on the data directory `folder`/data."""
    port = free_port()
    data = folder / "data"
    settings = {"WAYBILL_PORT": str(port), "WAYBILL_DATA_DIR": str(data)}
    with running("waybill_api", [], folder, settings) as api:
        wait_until_it_serves(api, port, lambda client: client.get(f"/tasks/{task_ids[0]}"))
        yield Installation(port, data.joinpath("worker.token").read_text().strip(), task_ids, api.pid)
