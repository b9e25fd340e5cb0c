"""201 means kept: the system calls of the API show it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, wait_until
from tests.needs import STRACE, lack, require

STARTED = re.compile(r"^(\d+) +f(?:data)?sync\(\d+<[^>]*/tasks\.db-wal>(.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. f(?:data)?sync resumed>.*= 0\b")


@pytest.fixture
def strace() -> str:
    """Return where strace is, or skip the test."""
    require(STRACE, "strace")
    probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        lack(STRACE, f"it may not trace here: {probe.stderr.strip()}")
    return "strace"


def test_a_create_is_on_disk_before_it_is_answered(instance: Instance, strace: str) -> None:
    trace = instance.folder / "trace"
    calls = "trace=network,read,write,writev,fsync,fdatasync"
    # With -D the API stays our own child, and a signal reaches it and not strace.
    api = instance.start_api(strace, "-D", "-f", "-y", "-s", "512", "-e", calls, "-o", str(trace))
    for _ in range(3):
        instance.create(60)
    api.stop()
    wait_until(lambda: "+++ exited" in _lines(trace)[-1], "the end of the trace")
    happened = _happened(_lines(trace))
    assert happened.count("POST") == 3
    assert re.fullmatch("(POST (sync )+201 ?){3}", " ".join(happened)), happened


def _lines(trace: Path) -> list[str]:
    return trace.read_text(errors="replace").splitlines() or [""]


def _happened(lines: list[str]) -> list[str]:
    """Return in order: creates as they are read, finished syncs of the write-ahead log, and answers as they are sent.

    Only what happens from a create's arrival to its answer counts.
    """
    happened: list[str] = []
    syncing: set[str] = set()
    for line in lines:
        if '"POST /tasks' in line:
            happened.append("POST")
            syncing.clear()
        elif '"HTTP/1.1 201' in line:
            happened.append("201")
        elif started := STARTED.match(line):
            if "unfinished" in started[2]:
                syncing.add(started[1])
            elif "= 0" in started[2]:
                happened.append("sync")
        elif (resumed := RESUMED.match(line)) and resumed[1] in syncing:
            happened.append("sync")
        if happened[-1:] == ["sync"] and "201" in happened[-2:-1]:
            happened.pop()
    return happened[happened.index("POST") :] if "POST" in happened else happened


def test_the_reading_of_a_trace_sees_an_answer_that_was_sent_too_early() -> None:
    lines = [
        '10 recvfrom(9<TCP:[1]>, "POST /tasks HTTP/1.1"..., 65536, 0, NULL, NULL) = 180',
        "11 fdatasync(7</data/tasks.db-wal> <unfinished ...>",
        '10 sendto(9<TCP:[1]>, "HTTP/1.1 201 Created"..., 300, 0, NULL, 0) = 300',
        "11 <... fdatasync resumed>)            = 0",
    ]
    assert _happened(lines) == ["POST", "201"]
    assert _happened([lines[0], lines[1], lines[3], lines[2]]) == ["POST", "sync", "201"]
