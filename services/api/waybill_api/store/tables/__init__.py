"""All statements, one file a table. Each takes a connection: a reader's, or that of the writer's transaction."""

from waybill_api.store.tables import (
    accounts,
    audit,
    events,
    failures,
    idempotency,
    installation,
    lanes,
    searched,
    sessions,
    stage_times,
    tallies,
    task_types,
    tasks,
    workers,
)
from waybill_api.store.tables.output import run_logs, stage_results

__all__ = [
    "accounts",
    "audit",
    "events",
    "failures",
    "idempotency",
    "installation",
    "lanes",
    "run_logs",
    "searched",
    "sessions",
    "stage_results",
    "stage_times",
    "tallies",
    "task_types",
    "tasks",
    "workers",
]
