"""Runs the demonstration: `python -m demo`. It exits with 0 if every task ends as it should."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from demo.installation import installation
from demo.table import Table
from throwaway import program
from throwaway.program import FAILED, CannotGoOn, complain, say
from waybill.client.calls import Calls

TIMES = (0, 1, 2, 3, 5, 8, 13)
UNLUCKY = 13
"""A task with this processing time fails, as the assignment demands."""

PATIENCE = 60.0
INTERVAL = 0.2


def expected(processing_time: int) -> tuple[str, str | None]:
    """Return the status and the error code with which a task of `processing_time` seconds should end."""
    return ("ERROR", "failed") if processing_time == UNLUCKY else ("COMPLETED", None)


def watch(client: Calls, table: Table) -> list[dict[str, Any]]:
    """Create the tasks, show them until all are final, and return them."""
    start = time.monotonic()
    for processing_time in TIMES:
        client.create_task(f"sleep for {processing_time} s", processing_time)
    while True:
        tasks = list(client.list_tasks())
        elapsed = time.monotonic() - start
        table.show(tasks, elapsed)
        if all(task["finished_at"] for task in tasks):
            return tasks
        if elapsed > PATIENCE:
            raise CannotGoOn(f"some tasks have not ended after {PATIENCE:g} s")
        time.sleep(INTERVAL)


def is_as_expected(task: Mapping[str, Any]) -> bool:
    """Whether a task ended as it should."""
    code = task["error"]["code"] if task["error"] else None
    return (task["status_name"], code) == expected(task["processing_time"])


def main() -> int:
    """Run the demonstration and return the exit code: 0 if every task ended as it should."""
    say("Waybill demo: an API and a worker of their own, and a few tasks. 13 seconds are meant to fail.")
    with installation() as waybill:
        tasks = watch(waybill.client, Table(sys.stdout))
    if not all(map(is_as_expected, tasks)):
        complain("Not every task ended as it should.")
        return FAILED
    say("Every task ended as it should.")
    return 0


if __name__ == "__main__":
    sys.exit(program.run(main))
