"""What needs attention, and why."""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from waybill.domain.route import handler_of
from waybill.wire.statistics import AttentionJson
from waybill_api.conditions import Condition

FAILING_SHARE = 0.5
FAILING_MINUTES = 15
FAILING_TASKS = 5
"""A type fails if half of the tasks, and at least this many, ended in ERROR in the last quarter of an hour."""

DISK_SHARE = 0.05
DISK_BYTES = 1 << 30
"""The disk is almost full if less than a twentieth of it is free, and less than a gigabyte."""

UNSEARCHED = 20_000
"""The number of unread events from which the search is far behind."""


def unready(conditions: Iterable[Condition]) -> Iterator[AttentionJson]:
    """Yield the conditions that keep the API from serving; they come first."""
    for condition in conditions:
        yield _item(condition.code, condition.detail)


def unserved(waiting: Collection[str], served: Collection[str], taken: Collection[str]) -> Iterator[AttentionJson]:
    """Yield the routes with tasks that wait for handlers which no live worker has, or only draining ones."""
    for route in sorted(route for route in set(waiting) if handler_of(route) not in taken):
        if handler_of(route) in served:
            yield _item("workers_drained", f"tasks wait, and every worker that serves {route} is drained", route)
        else:
            yield _item("no_worker", f"tasks wait for a worker that serves {route}, and there is none", route)


def failing(ended: Mapping[str, tuple[int, int]]) -> Iterator[AttentionJson]:
    """Yield the types with a high share of failures among the tasks that ended lately."""
    for name, (completed, error) in sorted(ended.items()):
        if error >= FAILING_TASKS and error >= FAILING_SHARE * (completed + error):
            detail = f"{error} of {completed + error} tasks of the type {name} failed in {FAILING_MINUTES} minutes"
            yield _item("failing_type", detail, name, error)


def silent(counts: Mapping[str, int]) -> Iterator[AttentionJson]:
    """Yield the types of which tasks have fallen silent."""
    for name, count in sorted(counts.items()):
        yield _item("silent", f"nothing is heard of {count} tasks of the type {name}", name, count)


def disk(folder: Path) -> Iterator[AttentionJson]:
    """Yield whether the disk that holds the data is almost full."""
    usage = shutil.disk_usage(folder)
    if usage.free < DISK_BYTES and usage.free < DISK_SHARE * usage.total:
        yield _item("disk_almost_full", f"{usage.free >> 20} MiB are left on the disk that holds the data")


def search(behind: int) -> Iterator[AttentionJson]:
    """Yield whether the search is far behind."""
    if behind > UNSEARCHED:
        yield _item("search_behind", f"the search does not know of the last {behind} changes yet", count=behind)


def demo(is_there: bool) -> Iterator[AttentionJson]:
    """Yield an item if an account has the public password of the documentation."""
    if is_there:
        yield _item("demo_password", "an account has a password that everybody knows; change it")


def _item(code: str, detail: str, subject: str | None = None, count: int | None = None) -> AttentionJson:
    return {"code": code, "detail": detail, "subject": subject, "count": count}
