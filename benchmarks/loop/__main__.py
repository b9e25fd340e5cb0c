"""Measures how long calls hold the loop: `python -m benchmarks.loop`. It exits with 1 if that cannot be measured."""

import contextlib
import json
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks import bench
from benchmarks.bench import Bench
from benchmarks.loop.calls import STREAM, Call, calls
from benchmarks.loop.crowd import filled
from benchmarks.loop.timing import Held, table
from benchmarks.pages.browser import Browser
from benchmarks.pages.people import ADMIN, add_people
from throwaway.installation import Installation
from throwaway.port import free_port
from throwaway.program import say

WORST = 5
TRIES = 3
"""How often a call that misses is tried: the call itself delays the loop each time, another process only by chance."""

PATIENCE = 120.0
LISTEN_SECONDS = 2.0
"""How many seconds a stream is read."""


class Probe:
    """Reads the heart of the API from outside."""

    def __init__(self, port: int) -> None:
        """Connect to a port, because the path of a Unix socket may be too long."""
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._answers = self._socket.makefile("rb")

    def read(self) -> tuple[float, float]:
        """Return the longest pause since the last read, and the computing time within it, in milliseconds."""
        self._socket.sendall(b"\n")
        said = json.loads(self._answers.readline())
        return said["held"], said["computed"]

    def close(self) -> None:
        """Disconnect."""
        self._answers.close()
        self._socket.close()


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    parser = bench.parser("benchmarks.loop", "Measures how long single calls hold the loop of the API.")
    parser.add_argument("--types", type=int, default=1_000, help="how many task types there are (1000)")
    parser.add_argument("--large", type=int, default=3_000, help="how many tasks of 60 KB there are (3000)")
    parser.add_argument("--only", metavar="WORDS", help="measure only what has these words in its name")
    parser.add_argument("--all", action="store_true", help="print all, not only the worst five")
    return bench.run(parser.parse_args(), _measure)


def _measure(run: Bench) -> tuple[object, bool]:
    types, large, only = run.arguments.types, run.arguments.large, run.arguments.only
    waybill = Installation(run.folder)
    waybill.data.mkdir(mode=0o700)
    say(f"== Making {types:,} types, and {large:,} tasks of 60 KB")
    crowd = filled(waybill.data / "tasks.db", types, large, say)
    password = add_people(waybill.data / "tasks.db")
    found: list[Held] = []
    with _served(waybill) as probe, Browser(waybill.port) as browser:
        browser.log_in(ADMIN, password)
        token = waybill.token("admin") or ""
        time.sleep(2)
        for call in calls(crowd):
            if only and only not in call.name:
                continue
            held = _measured(call, waybill.port, browser, token, probe)
            for _ in range(TRIES - 1):
                if not held.holds:
                    held = min(held, _measured(call, waybill.port, browser, token, probe), key=lambda one: one.held)
            found.append(held)
            say(f"   {held.held:7.1f} ms  {held.computed:7.1f} ms  {held.status:>9}  {held.name}")
    say(f"\nThe worst {WORST} of {len(found)}:" if not run.arguments.all else "")
    say(table(found, len(found) if run.arguments.all else WORST))
    return None, all(one.holds for one in found)


@contextlib.contextmanager
def _served(waybill: Installation) -> Iterator[Probe]:
    heart = free_port()
    with waybill.run_api("benchmarks.loop.heart", str(heart)), contextlib.closing(Probe(heart)) as probe:
        yield probe


def _measured(call: Call, port: int, browser: Browser, token: str, probe: Probe) -> Held:
    probe.read()
    start = time.perf_counter()
    with ThreadPoolExecutor(min(call.at_once, 64)) as clients:
        said = set(clients.map(lambda _: _ask(call, port, browser.cookies, token), range(call.at_once)))
    took = 1000 * (time.perf_counter() - start)
    time.sleep(0.05)
    held, computed = probe.read()
    return Held(call.name, ",".join(sorted(said)), took, held, computed)


def _ask(call: Call, port: int, cookies: str, token: str) -> str:
    """Send a request on a connection of its own, read all of the answer, and return its status."""
    headers = {"Host": f"localhost:{port}", "Accept": call.accept, "Connection": "close"}
    headers |= {"Cookie": cookies} if call.path.startswith("/admin/") else {"Authorization": f"Bearer {token}"}
    headers |= {"Content-Type": "application/json"} if call.body else {}
    headers |= {"Content-Length": str(len(call.body))} if call.method != "GET" else {}
    lines = [f"{call.method} {call.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    deadline = time.monotonic() + (LISTEN_SECONDS if call.accept == STREAM else PATIENCE)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall("\r\n".join(lines).encode() + call.body)
        first = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while (left := deadline - time.monotonic()) > 0:
                connection.settimeout(left)
                piece = connection.recv(1 << 20)
                first = first or piece
                if not piece:
                    break
    return first[9:12].decode() or "none"


if __name__ == "__main__":
    sys.exit(main())
