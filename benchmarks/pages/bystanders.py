"""Long work beside short calls: how long creates and reads take during exports and bulk changes."""

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.client import Client
from benchmarks.figure import median, percentile
from benchmarks.growth.grown import Grown
from benchmarks.pages.browser import Browser
from benchmarks.table import amount
from throwaway.program import CannotGoOn
from throwaway.table import aligned

MOST_CHANGED = 200_000
PAUSE = 0.02
"""Seconds between two calls of the bystander."""

NOTHING_SECONDS = 5.0
SEED = 7
HEAD = ("LONG WORK", "TASKS", "TAKES", "MEMORY", "GET ONE, MEDIAN", "P95", "CREATE, MEDIAN", "P95")


@dataclass(slots=True)
class Work:
    """A long work, and what was measured during it: milliseconds of other calls, bytes of the API's memory."""

    name: str
    tasks: int = 0
    seconds: float = 0.0
    looks: list[float] = field(default_factory=list)
    creates: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {name: getattr(self, name) for name in ("name", "tasks", "seconds", "looks", "creates", "memory")}


def measure(grown: Grown, browser: Browser, say: Callable[[str], None]) -> list[Work]:
    """Do all works one after the other; the last ones change many tasks. Raises CannotGoOn."""
    search = quote("status:error Rotterdam")
    works: Sequence[tuple[str, Callable[[], int]]] = (
        ("nothing", _nothing),
        ("export of all, CSV", lambda: browser.lines("/tasks?format=csv") - 1),
        ("export of a search, NDJSON", lambda: browser.lines(f"/tasks?format=ndjson&q={search}")),
        ("retry of what failed", lambda: _change(browser, "retry", "status:error")),
        ("cancel of what waits", lambda: _change(browser, "cancel", "status:new")),
        ("delete of what is done", lambda: _change(browser, "delete", "status:completed")),
    )
    found: list[Work] = []
    for name, do in works:
        say(f"== {name[0].upper()}{name[1:]}")
        found.append(_watched(Work(name), do, grown))
    return found


def table(works: Sequence[Work]) -> str:
    """Return the table."""
    return aligned([HEAD, *map(_row, works)])


def _row(work: Work) -> tuple[str, ...]:
    looks, creates = (
        (amount(median(each), "ms"), amount(percentile(each, 0.95), "ms")) for each in (work.looks, work.creates)
    )
    return (
        work.name,
        f"{work.tasks:,}",
        amount(work.seconds, "s"),
        f"{max(work.memory) / 2**20:.0f} MiB",
        *looks,
        *creates,
    )


def _watched(work: Work, do: Callable[[], int], grown: Grown) -> Work:
    """Do a work while another client reads and creates tasks."""
    over = threading.Event()
    failed: list[BaseException] = []

    def look_on() -> None:
        chance = random.Random(SEED)  # noqa: S311  # to be repeated
        try:
            with Client(grown.port) as client:
                while not over.wait(PAUSE):
                    work.looks.append(_milliseconds(lambda: client.find(chance.choice(grown.task_ids))))
                    work.creates.append(_milliseconds(lambda: client.create(0)))
                    work.memory.append(_memory(grown.pid))
        except BaseException as error:  # noqa: BLE001 - the caller raises it again
            failed.append(error)

    bystander = threading.Thread(target=look_on, name="bystander")
    bystander.start()
    start = time.monotonic()
    try:
        work.tasks = do()
        work.seconds = time.monotonic() - start
        while not work.memory and bystander.is_alive():
            time.sleep(PAUSE)
    finally:
        over.set()
        bystander.join()
    if failed:
        raise failed[0]
    return work


def _nothing() -> int:
    time.sleep(NOTHING_SECONDS)
    return 0


def _change(browser: Browser, action: str, q: str) -> int:
    """Change the tasks that a search finds, request by request, and return how many were changed."""
    cursor, changed = None, 0
    while changed < MOST_CHANGED:
        answer = json.loads(browser.post("/tasks/bulk", json.dumps({"action": action, "q": q, "cursor": cursor})))
        changed += answer["applied"]
        cursor = answer["cursor"]
        if answer["done"]:
            break
    return changed


def _milliseconds(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - start)


def _memory(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return 1024 * int(line.split()[1])
    raise CannotGoOn(f"the memory of process {pid} cannot be seen")
