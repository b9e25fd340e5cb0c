"""Measures the pages: `python -m benchmarks.pages`. It exits with 1 where they could not be measured."""

import argparse
import contextlib
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from benchmarks import machine
from benchmarks.filling.filling import SPAN, fill
from benchmarks.growth.installation import Installation, serving
from benchmarks.interrupts import raise_once
from benchmarks.pages import bystanders
from benchmarks.pages.asking import REQUESTS, Facts, Request, failures_in, seconds_of
from benchmarks.pages.background import at_work
from benchmarks.pages.browser import Browser
from benchmarks.pages.bystanders import Work
from benchmarks.pages.people import ADMIN, add_people
from benchmarks.pages.timing import Timing, table
from benchmarks.pages.variety import Variety
from benchmarks.process import BenchError
from throwaway.clone import ROOT
from waybill.wire.timestamps import rfc3339

SEED = 7
WARM_UPS = 3
DAY = 24 * 3_600_000


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    arguments = _arguments()
    raise_once()
    try:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="pages-", dir=arguments.folder) as folder:
            timings, works = _run(arguments, Path(folder))
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        document = {"pages": [one.document() for one in timings], "long_work": [one.document() for one in works]}
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    except (BenchError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if arguments.strict and not all(timing.holds for timing in timings) else 0


def _run(arguments: argparse.Namespace, folder: Path) -> tuple[list[Timing], list[Work]]:
    start = time.monotonic()
    _say("Machine: " + "; ".join(f"{name} {value}" for name, value in machine.describe(folder).items()))
    busy = machine.is_busy()
    with _filled(folder, arguments.tasks) as (installation, password), Browser(installation.port) as browser:
        browser.log_in(ADMIN, password)
        open_ids, facts = _facts(folder / "data" / "tasks.db", installation, browser)
        chosen = [one for one in REQUESTS if arguments.only is None or arguments.only in one.name]
        _say("== Alone")
        alone = _measure(browser, facts, chosen, arguments.requests)
        _say("== Beside creates and reports")
        with at_work(installation, open_ids):
            beside = _measure(browser, facts, chosen, arguments.requests)
        works = [] if arguments.only else bystanders.measure(installation, browser, _say)
    timings = [Timing(one.name, *both) for one, *both in zip(chosen, alone, beside, strict=True)]
    _say(
        f"\n{arguments.tasks:,} tasks; {arguments.requests} requests of each, one after the other.\n\n{table(timings)}"
    )
    if works:
        _say(f"\n{bystanders.table(works)}")
    _say(f"\nMeasured in {time.monotonic() - start:.0f} s.")
    if busy:
        _say("Others kept the machine busy from the start: do not trust a figure that misses, nor one that holds.")
    return timings, works


@contextlib.contextmanager
def _filled(folder: Path, count: int) -> Iterator[tuple[Installation, str]]:
    """Fill a database with so many tasks, and serve it; yields the administrator's password, too."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    start = time.monotonic()
    _say(f"== Filling a database with {count:,} tasks")
    task_ids = fill(data / "tasks.db", count, Variety(), _say)
    password = add_people(data / "tasks.db")
    _say(f"   {(data / 'tasks.db').stat().st_size / 2**20:,.0f} MiB in {time.monotonic() - start:.0f} s")
    with serving(folder, task_ids) as installation:
        yield installation, password


def _facts(database: Path, installation: Installation, browser: Browser) -> tuple[list[str], Facts]:
    """Return the open tasks that services report on, and what requests need to know."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT task_id FROM tasks WHERE status < 3 AND handler IS NULL ORDER BY 1")
        open_ids = [task_id for (task_id,) in found]
        (event,) = connection.execute("SELECT max(event_id) FROM events").fetchone()
    now = int(time.time() * 1_000)
    days = [rfc3339(at)[:10] for at in (now - SPAN + 2 * DAY, now - DAY)]
    return open_ids, Facts(installation.task_ids, failures_in(browser), max(0, event - 1_000), *days)


def _measure(browser: Browser, facts: Facts, chosen: Sequence[Request], count: int) -> list[tuple[float, ...]]:
    """Return the milliseconds of each request's answers."""
    chance = random.Random(SEED)  # noqa: S311  # to be repeated
    found: list[tuple[float, ...]] = []
    for request in chosen:
        paths = facts.paths(request, chance)
        seconds_of(browser, request, islice(paths, min(WARM_UPS, count)))
        found.append(tuple(1000 * one for one in seconds_of(browser, request, islice(paths, count))))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pages", description="Measures every page with many tasks in the database."
    )
    cache = ROOT / ".cache"
    parser.add_argument("--tasks", type=int, default=1_000_000, help="how many tasks there are (1000000)")
    parser.add_argument("--requests", type=int, default=50, help="how many requests of each kind (50)")
    parser.add_argument("--only", metavar="WORDS", help="measure only what has these words in its name")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument("--json", type=Path, default=cache / "pages.json", help="where all values are written")
    # Not where temporary files go: there, a sync to disk may be none.
    parser.add_argument("--folder", type=Path, default=cache, help="where the database is made meanwhile")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
