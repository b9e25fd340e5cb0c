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
    stage_results,
    stage_times,
    tallies,
    task_types,
    tasks,
    workers,
)

__all__ = [
    "accounts",
    "audit",
    "events",
    "failures",
    "idempotency",
    "installation",
    "lanes",
    "searched",
    "sessions",
    "stage_results",
    "stage_times",
    "tallies",
    "task_types",
    "tasks",
    "workers",
]
