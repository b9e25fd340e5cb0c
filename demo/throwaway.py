"""An installation that lives as long as the demonstration."""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from shared.client import ApiUnreachable, Client
from shared.port import free_port

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class DemoError(Exception):
    """The demonstration cannot go on."""


@contextlib.contextmanager
def installation(environment: Mapping[str, str]) -> Iterator[Client]:
    """Start an API and a worker on a free port and a temporary directory, and remove all of it at the end."""
    with tempfile.TemporaryDirectory(prefix="waybill-demo-") as folder, contextlib.ExitStack() as services:
        port = free_port()
        inherited = {name: value for name, value in environment.items() if not name.startswith("WAYBILL_")}
        own = {"WAYBILL_PORT": str(port), "WAYBILL_DATA_DIR": str(Path(folder, "data")), "PYTHONPATH": str(ROOT)}
        log = Path(folder, "log")
        api = services.enter_context(_service("services.api", inherited | own, log))
        services.enter_context(_service("services.worker", inherited | own | {"WAYBILL_DRAIN_SECONDS": "0"}, log))
        client = Client(f"http://127.0.0.1:{port}")
        try:
            _wait_until_it_serves(client, api)
            yield client
        except (DemoError, ApiUnreachable) as error:
            raise DemoError(f"{error}\n{log.read_text(errors='replace')[-4_000:]}") from error


@contextlib.contextmanager
def _service(module: str, environment: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as output:
        # In a group of its own, so that a Ctrl-C comes to us alone and services end in order.
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=environment,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


def _wait_until_it_serves(client: Client, api: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if api.poll() is not None:
            raise DemoError(f"the API has ended with {api.returncode}")
        try:
            client.task_types()
        except ApiUnreachable:
            time.sleep(0.1)
        else:
            return
    raise DemoError(f"no API after {START_SECONDS:g} s")
