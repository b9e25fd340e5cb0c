"""The victim of the faults: an installation with supervised services and a fault proxy."""

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from proof.journal import Journal
from proof.plan import WORKERS
from proof.proxy import Proxy
from proof.supervisor import Supervisor
from throwaway.handlers import offer
from throwaway.installation import Installation
from throwaway.process import START_SECONDS, module
from throwaway.program import CannotGoOn
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.client.calls import Calls

TIMEOUT = (2.0, 10.0)

HANDLERS = {f"proof-{name}": f"proof.handlers:{name}" for name in ("echo", "fail", "flaky")}
TYPES: dict[str, dict[str, object]] = {
    "proof-echo": {"handler": "proof-echo"},
    "proof-fail": {"handler": "proof-fail"},
    "proof-flaky": {"handler": "proof-flaky", "max_attempts": 3, "min_backoff": 0.2, "max_backoff": 1.0},
}


class Victim(Installation):
    """An API and workers that are started anew whenever they end; `wire` calls the API through the fault proxy."""

    def __init__(self, folder: Path, journal: Journal, seed: int, workers: int) -> None:
        """Prepare it in `folder`."""
        super().__init__(folder, log_level="info")
        offer(self.handlers, HANDLERS)
        self.client = Calls(self.url, partial(self.token, "admin"), TIMEOUT)
        self.proxy = Proxy(("127.0.0.1", self.port), seed)
        self.wire = Calls(self.proxy.url, timeout=TIMEOUT)
        self.api = Supervisor("api", module("waybill_api"), self.environment(), folder, journal, ready=b"ready on ")
        through = self.environment(api_url=self.proxy.url)
        names = [f"worker-{number}" for number in range(workers)]
        self.workers = [Supervisor(name, module("waybill_worker"), through, folder, journal) for name in names]

    @property
    def is_whole(self) -> bool:
        """Whether the API answers and every worker has said that it serves."""
        try:
            self.client.task_types()
        except ApiUnreachable:
            return False
        return all(worker.worker_id() for worker in self.workers)

    def delete_queue(self) -> None:
        """Delete the queue file."""
        self.data.joinpath("queue.db").unlink(missing_ok=True)

    def own_ends(self) -> dict[str, int]:
        """Return how often a service ended by itself, by its name and exit code."""
        return {
            f"{one.name} with {code}": count
            for one in (self.api, *self.workers)
            for code, count in sorted(one.own_ends.items())
            if count
        }

    def wait_until_it_serves(self) -> None:
        """Make the task types, and wait until every worker beats. Raises CannotGoOn."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(ApiUnreachable):
                self._make_types()
                if sum(one["alive"] for one in self.client.workers()) >= len(self.workers):
                    return
            time.sleep(0.1)
        printed = "".join(path.read_text(errors="replace")[-2_000:] for path in self.folder.glob("*.log"))
        raise CannotGoOn(f"no API with {len(self.workers)} workers after {START_SECONDS:g} s\n{printed}")

    def _make_types(self) -> None:
        known = {one["name"] for one in self.client.task_types()}
        for name in TYPES.keys() - known:
            with contextlib.suppress(ApiProblem):
                self.client.create_task_type(name, **TYPES[name])


@contextlib.contextmanager
def victim(folder: Path, journal: Journal, seed: int = 0, workers: int = WORKERS) -> Iterator[Victim]:
    """Start a victim in `folder`, and kill all of it at the end. Raises CannotGoOn."""
    one = Victim(folder, journal, seed, workers)
    with contextlib.ExitStack() as stack:
        stack.enter_context(one.proxy)
        for service in (one.api, *one.workers):
            stack.enter_context(service)
        one.wait_until_it_serves()
        yield one
