"""The same load by wrk, if it is installed: it needs less of the machine, and leaves more to the servers."""

import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.client import task_body
from benchmarks.load import Load
from throwaway.program import CannotGoOn
from waybill.host.starter import bound

SCRIPT = Path(__file__).with_name("create.lua")
PATTERN = re.compile(r"^created=(\d+) others=(\d+) broken=(\d+) microseconds=(\d+)$", re.MULTILINE)
GRACE = 30.0


def version() -> str | None:
    """Return the version of wrk, such as `wrk 4.2.0`; None if it is not installed."""
    path = shutil.which("wrk")
    if path is None:
        return None
    said = subprocess.run([path, "-v"], capture_output=True, text=True, timeout=GRACE, check=False)
    return (said.stdout + said.stderr).partition(" [")[0].strip() or "wrk"


def create_for(port: int, seconds: float, connections: int) -> Load:
    """Create tasks of 0 s for `seconds`, a whole number. Raises CannotGoOn if wrk fails or a connection breaks."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s"]
    command += ["--timeout", "20s"]
    command += ["--script", str(SCRIPT), f"http://127.0.0.1:{port}", "--", task_body(0).decode()]
    try:
        ran = subprocess.run(bound(command), capture_output=True, text=True, timeout=seconds + GRACE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotGoOn(f"wrk did not run: {error}") from None
    return parse(ran.stdout)


def parse(output: str) -> Load:
    """Return what `create.lua` has printed. Raises CannotGoOn if that is nothing, or if a connection broke."""
    match = PATTERN.search(output)
    if match is None:
        raise CannotGoOn(f"wrk did not say what it did: {output.strip()[-200:]!r}")
    created, others, broken, microseconds = map(int, match.groups())
    if broken:
        raise CannotGoOn(f"wrk lost {broken} requests to broken connections or time-outs")
    return Load(created=created, others=others, seconds=microseconds / 1_000_000)
