"""The metrics for Prometheus, counted as things happen, so that a scrape reads no table."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from waybill.domain.status import Outcome
from waybill_api.store.writing.unit import Commit
from waybill_api.upkeep.workers import Workers

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Counts since the start of this process; a listener of the store counts only committed changes.

    `waybill_task_updates_total / waybill_reports_total` is how many row writes a report costs.
    """

    media_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, workers: Workers, outstanding: Callable[[], int]) -> None:
        """Begin at zero; `workers` and `outstanding` are read when metrics are requested."""
        self._registry = registry = CollectorRegistry()
        reports = Counter(
            "waybill_reports", "Reports by outcome; `malformed` cannot be read.", ["outcome"], registry=registry
        )
        self._reports = {outcome: reports.labels(outcome.value) for outcome in Outcome}
        self._malformed = reports.labels("malformed")
        self._creates = Counter("waybill_tasks_created", "Tasks created: rows inserted into tasks.", registry=registry)
        self._updates = Counter("waybill_task_updates", "Rows of tasks updated.", registry=registry)
        self._operations = Histogram(
            "waybill_commit_operations",
            "Operations (requests, beats, upkeep) in one commit.",
            buckets=SIZES,
            registry=registry,
        )
        self._batches = Histogram(
            "waybill_commit_reports",
            "Reports in one commit, of those that hold any.",
            buckets=SIZES,
            registry=registry,
        )
        self._seconds = Histogram(
            "waybill_transaction_seconds",
            "How long a transaction took, its COMMIT included.",
            buckets=SECONDS,
            registry=registry,
        )
        self._disk = Histogram(
            "waybill_commit_seconds",
            "How long the COMMIT took: mostly the wait for the disk.",
            buckets=SECONDS,
            registry=registry,
        )
        alive = Gauge("waybill_workers_alive", "Workers whose lease runs.", registry=registry)
        alive.set_function(lambda: sum(presence.is_alive for presence in workers.known()))
        slots = Gauge("waybill_worker_slots", "Runs that the living workers can hold at once.", registry=registry)
        slots.set_function(lambda: sum(one.beat.slots for one in workers.known() if one.beat and one.is_alive))
        draining = Gauge(
            "waybill_workers_draining", "Living workers that take no more tasks, or were asked to.", registry=registry
        )
        draining.set_function(lambda: sum(one.is_alive and one.is_draining for one in workers.known()))
        messages = Gauge(
            "waybill_messages_outstanding",
            "Messages on the queue for runs that are not claimed yet; a longer backlog waits as rows.",
            registry=registry,
        )
        messages.set_function(outstanding)
        ProcessCollector(registry=registry)

    def notice(self, commit: Commit) -> None:
        """Count what a commit has done; runs in the writer's thread."""
        self._operations.observe(commit.operations)
        self._seconds.observe(commit.seconds)
        self._disk.observe(commit.disk_seconds)
        if commit.outcomes:
            self._batches.observe(sum(commit.outcomes.values()))
            for outcome, count in commit.outcomes.items():
                self._reports[outcome].inc(count)
        if commit.malformed:
            self._malformed.inc(commit.malformed)
        if commit.created:
            self._creates.inc(commit.created)
        if commit.updated:
            self._updates.inc(commit.updated)

    def text(self) -> bytes:
        """Return the present values; call it on the loop, to which the workers belong."""
        return generate_latest(self._registry)
