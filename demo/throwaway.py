"""An installation that lives as long as the demonstration."""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.interrupts import put_off
from throwaway.clone import PYTHONPATH
from waybill.api_error import ApiUnreachable
from waybill.client import Client
from waybill.host.port import free_port
from waybill.host.starter import bound

START_SECONDS = 30.0
STOP_SECONDS = 10.0


class DemoError(Exception):
    """The demonstration cannot go on."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation."""

    port: int
    data: Path
    """Its data directory."""
    client: Client
    """Speaks to it, as its administrator."""


@contextlib.contextmanager
def installation(environment: Mapping[str, str]) -> Iterator[Installation]:
    """Start an API and a worker on a free port and a temporary directory, and remove all of it at the end."""
    with tempfile.TemporaryDirectory(prefix="waybill-demo-") as folder, contextlib.ExitStack() as services:
        port = free_port()
        data = Path(folder, "data")
        own = environment_of_ours(environment) | {"WAYBILL_PORT": str(port), "WAYBILL_DATA_DIR": str(data)}
        log = Path(folder, "log")
        api = services.enter_context(service(["waybill_api"], own, log))
        services.enter_context(service(["waybill_worker"], own | {"WAYBILL_DRAIN_SECONDS": "0"}, log))
        client = Client(f"http://127.0.0.1:{port}", token=lambda: _token(data))
        try:
            _wait_until_it_serves(client, api)
            yield Installation(port, data, client)
        except (DemoError, ApiUnreachable) as error:
            raise DemoError(f"{error}\n{log.read_text(errors='replace')[-4_000:]}") from error


def environment_of_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for our own processes, without anybody's settings."""
    inherited = {name: value for name, value in environment.items() if not name.startswith("WAYBILL_")}
    return inherited | {"PYTHONPATH": PYTHONPATH}


@contextlib.contextmanager
def service(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `python -m` with these arguments, and have it gone at the end; what it prints goes to the log."""
    process: subprocess.Popen[bytes] | None = None
    try:
        with log.open("ab") as output, put_off():
            # In a group of its own, so that a Ctrl-C comes to us alone and services end in order.
            process = subprocess.Popen(
                bound([sys.executable, "-m", *arguments]),
                env=environment,
                cwd=log.parent,
                stdin=stdin,
                stdout=output if stdout is None else stdout,
                stderr=subprocess.STDOUT if stdout is None else output,
                process_group=0,
            )
        yield process
    finally:
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            finally:
                process.kill()
                process.wait()


def _token(data: Path) -> str | None:
    try:
        return data.joinpath("admin.token").read_text().strip()
    except FileNotFoundError:
        return None


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
