"""Measures the pages: `python -m benchmarks.pages`. It exits with 1 if it cannot measure."""

import contextlib
import random
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from benchmarks import bench
from benchmarks.bench import Bench
from benchmarks.filling.filling import SPAN, fill
from benchmarks.growth.grown import Grown, serving
from benchmarks.pages import bystanders
from benchmarks.pages.asking import REQUESTS, Facts, Request, failures_in, seconds_of
from benchmarks.pages.background import at_work
from benchmarks.pages.browser import Browser
from benchmarks.pages.people import ADMIN, add_people
from benchmarks.pages.timing import Timing, table
from benchmarks.pages.variety import Variety
from throwaway.program import say
from waybill.wire.timestamps import rfc3339

SEED = 7
WARM_UPS = 3
DAY = 24 * 3_600_000


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    parser = bench.parser("benchmarks.pages", "Measures every page with many tasks in the database.", "pages.json")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="how many tasks there are (1000000)")
    parser.add_argument("--requests", type=int, default=50, help="how many requests of each kind (50)")
    parser.add_argument("--only", metavar="WORDS", help="measure only what has these words in its name")
    return bench.run(parser.parse_args(), _compare)


def _compare(run: Bench) -> tuple[object, bool]:
    only, tasks, count = run.arguments.only, run.arguments.tasks, run.arguments.requests
    with _filled(run.folder, tasks) as (grown, password), Browser(grown.port) as browser:
        browser.log_in(ADMIN, password)
        open_ids, facts = _facts(run.folder / "data" / "tasks.db", grown, browser)
        chosen = [one for one in REQUESTS if only is None or only in one.name]
        say("== Alone")
        alone = _measure(browser, facts, chosen, count)
        say("== Beside creates and reports")
        with at_work(grown, open_ids):
            beside = _measure(browser, facts, chosen, count)
        works = [] if only else bystanders.measure(grown, browser, say)
    timings = [Timing(one.name, *both) for one, *both in zip(chosen, alone, beside, strict=True)]
    say(f"\n{tasks:,} tasks; {count} requests of each, one after the other.\n\n{table(timings)}")
    if works:
        say(f"\n{bystanders.table(works)}")
    document = {"pages": [one.document() for one in timings], "long_work": [one.document() for one in works]}
    return document, all(timing.holds for timing in timings)


@contextlib.contextmanager
def _filled(folder: Path, count: int) -> Iterator[tuple[Grown, str]]:
    """Fill a database with `count` tasks, and serve it; yield the API and the administrator's password."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    start = time.monotonic()
    say(f"== Filling a database with {count:,} tasks")
    task_ids = fill(data / "tasks.db", count, Variety(), say)
    password = add_people(data / "tasks.db")
    say(f"   {(data / 'tasks.db').stat().st_size / 2**20:,.0f} MiB in {time.monotonic() - start:.0f} s")
    with serving(folder, task_ids) as grown:
        yield grown, password


def _facts(database: Path, grown: Grown, browser: Browser) -> tuple[list[str], Facts]:
    """Return the open tasks that services report on, and the facts for requests."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT task_id FROM tasks WHERE status < 3 AND handler IS NULL ORDER BY 1")
        open_ids = [task_id for (task_id,) in found]
        (event,) = connection.execute("SELECT max(event_id) FROM events").fetchone()
    now = int(time.time() * 1_000)
    days = [rfc3339(at)[:10] for at in (now - SPAN + 2 * DAY, now - DAY)]
    return open_ids, Facts(grown.task_ids, failures_in(browser), max(0, event - 1_000), *days)


def _measure(browser: Browser, facts: Facts, chosen: Sequence[Request], count: int) -> list[tuple[float, ...]]:
    """Return for each request the milliseconds of its answers."""
    chance = random.Random(SEED)  # noqa: S311  # to be repeated
    found: list[tuple[float, ...]] = []
    for request in chosen:
        paths = facts.paths(request, chance)
        seconds_of(browser, request, islice(paths, min(WARM_UPS, count)))
        found.append(tuple(1000 * one for one in seconds_of(browser, request, islice(paths, count))))
    return found


if __name__ == "__main__":
    sys.exit(main())
