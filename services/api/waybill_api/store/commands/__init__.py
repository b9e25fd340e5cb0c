"""The commands of the store: each loads, lets a pure transition decide, and puts back.

They are handed to `Store.write` or `Store.insist`, and run inside the writer's transaction. A command raises a
WaybillError before it has changed anything.
"""

from waybill_api.store.commands import (
    accounts,
    audit,
    bulk,
    following,
    pruning,
    reports,
    run_logs,
    runs,
    search,
    silence,
    task_types,
    tasks,
    unserved,
)

__all__ = [
    "accounts",
    "audit",
    "bulk",
    "following",
    "pruning",
    "reports",
    "run_logs",
    "runs",
    "search",
    "silence",
    "task_types",
    "tasks",
    "unserved",
]
