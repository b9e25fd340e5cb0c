"""A service of somebody else's, for the acceptance tests: many reporters in one process, until SIGTERM.

`python -m tests.acceptance.reporting_service URL TOKEN_FILE SPOOL FIRST_NUMBER TASK_ID...` reports on each task again
and again, each report with its `number`, and prints one line of JSON at the end.
"""

import json
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from waybill import Reporter

PACE = 0.01
"""Seconds of work between two reports."""
FLUSH_SECONDS = 120.0


def rss() -> int:
    """Return the memory that the process has now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


def serve(reporter: Reporter, task_id: str, number: int, stopping: threading.Event) -> int:
    """Report on a task until told to stop, and return the number that would come next."""
    said = reporter.received(task_id=task_id)
    while not stopping.is_set():
        said.say(number=number, metadata={reporter.source: number})
        number += 1
        time.sleep(PACE)
    return number


def main(url: str, token_file: str, spool: str, first: str, *task_ids: str) -> None:
    """Run it."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    token = Path(token_file).read_text("ascii").strip()
    reporters = [
        Reporter(url, token, source=f"service-{number}", spool=Path(spool) / str(number))
        for number in range(len(task_ids))
    ]
    following = dict.fromkeys(task_ids, 0)

    def work(reporter: Reporter, task_id: str) -> None:
        following[task_id] = serve(reporter, task_id, int(first), stopping)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(reporters, task_ids, strict=True)]
    for thread in threads:
        thread.start()
    # What a process takes once it is at work, from which its growth is counted.
    time.sleep(1)
    before = peak = rss()
    while not stopping.wait(0.1):
        peak = max(peak, rss())
    for thread in threads:
        thread.join()
    flushed = [reporter.flush(FLUSH_SECONDS) and reporter.close() for reporter in reporters]
    ending: dict[str, Any] = {"following": following, "flushed": all(flushed), "before": before, "peak": peak}
    sys.stdout.write(json.dumps(ending) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
