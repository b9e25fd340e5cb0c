"""An installation to do harm to: an API, workers and a fault proxy, with processes, ports and data of its own."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from proof.journal import Journal
from proof.plan import WORKERS
from proof.proxy import Proxy
from proof.supervisor import Supervisor, environment
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.client import Client
from waybill.host.port import free_port
from waybill.settings import Settings

START_SECONDS = 60.0
TIMEOUT = (2.0, 10.0)

HANDLERS = ("echo", "fail", "flaky")
TYPES: dict[str, dict[str, object]] = {
    "proof-echo": {"handler": "proof-echo"},
    "proof-fail": {"handler": "proof-fail"},
    "proof-flaky": {"handler": "proof-flaky", "max_attempts": 3, "min_backoff": 0.2, "max_backoff": 1.0},
}


class CannotStart(Exception):
    """The installation does not come up; the message says what its API has printed."""


class Installation:
    """Its services, and the calls to its API: `client` goes there directly, `wire` through the proxy."""

    def __init__(self, folder: Path, api: Supervisor, workers: list[Supervisor], proxy: Proxy, settings: Settings):
        """Take what runs."""
        self.folder = folder
        self.api = api
        self.workers = workers
        self.proxy = proxy
        self.client = Client(settings.base_url, timeout=TIMEOUT)
        self.wire = Client(proxy.url, timeout=TIMEOUT)
        self._settings = settings

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
        self._settings.queue_db.unlink(missing_ok=True)

    def own_ends(self) -> dict[str, int]:
        """Return how often a service ended by itself, by its name and exit code."""
        return {
            f"{one.name} with {code}": count
            for one in (self.api, *self.workers)
            for code, count in sorted(one.own_ends.items())
            if count
        }

    def wait_until_it_serves(self) -> None:
        """Wait until the API serves and a worker beats, and make the task types. Raises CannotStart."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                self._make_types()
                if sum(one["alive"] for one in self.client.workers()) >= len(self.workers):
                    return
            except (ApiUnreachable, OSError):
                pass
            time.sleep(0.1)
        printed = "".join(path.read_text(errors="replace")[-2_000:] for path in self.folder.glob("*.log"))
        raise CannotStart(f"no API with {len(self.workers)} workers after {START_SECONDS:g} s\n{printed}")

    def _make_types(self) -> None:
        token = self._settings.admin_token_file.read_text(encoding="ascii").strip()
        admin = Client(self._settings.base_url, token, TIMEOUT)
        known = {one["name"] for one in admin.task_types()}
        for name, fields in TYPES.items():
            if name not in known:
                with contextlib.suppress(ApiProblem):
                    admin.create_task_type(name, **fields)


@contextlib.contextmanager
def installation(folder: Path, journal: Journal, seed: int = 0, workers: int = WORKERS) -> Iterator[Installation]:
    """Start an installation in a folder, and kill all of it at the end. Raises CannotStart."""
    plugins = _offer_handlers(folder / "plugins")
    port = free_port()
    common = {"port": str(port), "data_dir": str(folder / "data"), "log_level": "info"}
    # Made without looking at the environment, which is the user's.
    own = Settings.model_construct(port=port, data_dir=folder / "data")
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(Proxy(("127.0.0.1", port), seed))
        plain = environment(folder, [plugins], **common)
        through = environment(folder, [plugins], **common, api_url=proxy.url)
        api = Supervisor("api", [sys.executable, "-m", "waybill_api"], plain, folder, journal, ready=b"ready on ")
        stack.enter_context(api)
        supervised = []
        for number in range(workers):
            command = [sys.executable, "-m", "waybill_worker"]
            supervised.append(Supervisor(f"worker-{number}", command, through, folder, journal))
            stack.enter_context(supervised[-1])
        running = Installation(folder, api, supervised, proxy, own)
        running.wait_until_it_serves()
        yield running


def _offer_handlers(folder: Path) -> Path:
    """Offer our handlers as an installed package would, and return the folder to import it from."""
    metadata = folder / "waybill_proof-0.dist-info"
    metadata.mkdir(parents=True)
    lines = [f"proof-{name} = proof.handlers:{name}" for name in HANDLERS]
    (metadata / "entry_points.txt").write_text("\n".join(["[waybill.handlers]", *lines, ""]), encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: waybill-proof\nVersion: 0\n", encoding="utf-8")
    return folder
