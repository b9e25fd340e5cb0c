"""An API on a database that is filled already, and the requests for it."""

import contextlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.growth.jsons import TYPE, key_of, step
from benchmarks.load import request
from throwaway.installation import Installation

BATCH = 50
"""How many reports one request has."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A running API on a filled database, and requests for it."""

    port: int
    token: str
    """The token for reports."""
    task_ids: list[str]
    """All tasks, in the order of their numbers."""
    pid: int
    """The id of the API's process."""

    def reports(self, chance: random.Random) -> Iterator[bytes]:
        """Yield requests with many reports each, on open tasks from anywhere in the database."""
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
def serving(folder: Path, task_ids: list[str]) -> Iterator[Grown]:
    """Start an API with its default settings on the data directory `folder`/data."""
    waybill = Installation(folder)
    with waybill.run_api() as api:
        yield Grown(waybill.port, waybill.token("worker") or "", task_ids, api.pid)
