"""The first page: rates, charts, and what needs attention."""

import json
from collections.abc import Sequence

from waybill.wire.statistics import AttentionJson, MinuteJson
from waybill.wire.timestamps import rfc3339
from waybill_api.admin.lengths import length
from waybill_api.admin.page import Page
from waybill_api.admin.pages.failures import address as failures_address
from waybill_api.admin.search import address
from waybill_api.handlers.statistics import statistics_of
from waybill_api.http.operation import call
from waybill_api.store import tables

MOST_SHOWN = 50
"""How many items that need attention are shown."""

LATEST = 5
"""How many groups of failures are shown."""


class OverviewPage(Page):
    """The state of the installation."""

    @call("overview_page")
    async def get(self) -> None:
        """Show the first page."""
        found = await statistics_of(self.store, self.workers, self.accounts)
        await self.show(
            "overview.html",
            "Overview",
            found=found,
            charts=charts(found["minutes"]),
            attention=[(one, remedy_of(one)) for one in found["attention"][:MOST_SHOWN]],
            unshown=max(0, len(found["attention"]) - MOST_SHOWN),
            error_rate=error_rate(found["minutes"]),
            failures=await self.store.read(tables.failures.latest, None, None, LATEST),
            texts=TEXTS,
            address=address,
            rfc3339=rfc3339,
            a_minute=a_minute,
            length=lambda seconds: length(round(seconds * 1_000)),
        )


def a_minute(rate: float) -> str:
    """Return a rate per minute from a rate per second."""
    pace = 60 * rate
    return f"{pace:,.0f}" if pace >= 10 or pace == 0 else f"{pace:.1f}"


def error_rate(minutes: Sequence[MinuteJson]) -> float | None:
    """Return the share of ERROR among the tasks that ended; None if none ended."""
    failed = sum(minute["error"] for minute in minutes)
    ended = failed + sum(minute["completed"] for minute in minutes)
    return failed / ended if ended else None


def charts(minutes: Sequence[MinuteJson]) -> dict[str, str]:
    """Return the lines of each chart by name, as JSON for the script that draws it."""
    throughput = {
        "created": [minute["created"] for minute in minutes],
        "completed": [minute["completed"] for minute in minutes],
        "error": [minute["error"] for minute in minutes],
    }
    latency = {
        "wait p50": [minute["wait"]["p50"] for minute in minutes],
        "wait p95": [minute["wait"]["p95"] for minute in minutes],
        "run p50": [minute["run"]["p50"] for minute in minutes],
        "run p95": [minute["run"]["p95"] for minute in minutes],
    }
    return {name: json.dumps(lines) for name, lines in (("throughput", throughput), ("latency", latency))}


TEXTS = {
    "no_worker": "Tasks wait for a worker that serves {subject}, and there is none.",
    "workers_drained": "Tasks wait, and every worker that serves {subject} is drained.",
    "failing_type": "{count} tasks of the type {subject} failed lately.",
    "silent": "Nothing is heard of {count} tasks of the type {subject}.",
    "disk_almost_full": "The disk that holds the data is almost full.",
    "demo_password": "An account has a password that everybody knows.",
    "search_behind": "The search does not know of the last {count} changes yet.",
    "disk_full": "The disk that holds the data is full: nothing new can be kept.",
    "database_locked": "Another program has locked the database: writes wait.",
    "writer_waits": "A write to the database does not end.",
    "database_fails": "The database cannot be read or written at present.",
    "database_damaged": "The database is damaged: nothing is written to it any more.",
    "database_lost": "The database was taken away: nothing is kept any more.",
    "no_descriptors": "The service may open no more files and connections.",
}
"""The text for each code; a code without one is shown with its detail."""


def remedy_of(item: AttentionJson) -> tuple[str, str] | None:
    """Return the title and the address of the page that helps; None if no page does."""
    subject = item["subject"] or ""
    return {
        "no_worker": ("Workers", "/admin/workers/"),
        "workers_drained": ("Workers", "/admin/workers/"),
        "failing_type": ("Show its failures", failures_address(subject)),
        "silent": ("Show its tasks", address(f"status:new,processing type:{subject}")),
        "demo_password": ("Accounts", "/admin/accounts/"),
    }.get(item["code"])
