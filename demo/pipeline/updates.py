"""What UPDATEs cost in PostgreSQL: `python -m demo.pipeline.updates`.

It writes the same reports to tables that differ only in their indexes, in the free room on their pages, and in how many
reports become one UPDATE. Waybill takes no part.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from demo.pipeline.work import enriched, names
from throwaway import cluster, program
from throwaway.program import FAILED, complain, say
from throwaway.table import aligned

REPORTS_PER_SERVICE = 3
IN_FLIGHT = 100
"""How many tasks get reports in turns."""

TABLE = """
CREATE TABLE tasks (
    key TEXT PRIMARY KEY, status INTEGER NOT NULL, stage TEXT, progress REAL, metadata JSONB, updated_at TIMESTAMPTZ
)
"""
UPDATE = (
    "UPDATE tasks SET status = %s, stage = %s, progress = %s, metadata = %s, updated_at = clock_timestamp() "
    "WHERE key = %s"
)
COUNTED = "SELECT n_tup_upd, n_tup_hot_upd, n_dead_tup FROM pg_stat_user_tables WHERE relname = 'tasks'"
SIZE = "SELECT pg_total_relation_size('tasks')"
POSITION = "SELECT pg_current_wal_insert_lsn()"
PATIENCE = 10.0

HEAD = ("TABLE", "UPDATES", "HOT", "DEAD LEFT", "WAL BYTES PER REPORT", "MIB", "SECONDS")


@dataclass(frozen=True, slots=True)
class Variant:
    """A table, and how reports are written to it."""

    name: str
    further: tuple[str, ...] = ()
    """Statements after the table is made."""
    fold: int = 1
    """How many reports on a task become one UPDATE."""


ON_STATUS = "CREATE INDEX ON tasks (status)"
ON_TIME = "CREATE INDEX ON tasks (updated_at)"
VARIANTS = (
    Variant("the key alone"),
    Variant("with half of each page left free", ("ALTER TABLE tasks SET (fillfactor = 50)",)),
    Variant("with an index on status", (ON_STATUS,)),
    Variant("with an index on updated_at", (ON_TIME,)),
    Variant("the same, 3 reports in an UPDATE", (ON_TIME,), REPORTS_PER_SERVICE),
    Variant("the key alone, 3 reports in an UPDATE", (), REPORTS_PER_SERVICE),
)


def changes(tasks: int, services: list[str], fold: int) -> Iterator[tuple[Any, ...]]:
    """Yield status, stage, progress, metadata and key of each UPDATE; others come between two of one task.

    A report repeats all that earlier ones said, so of `fold` reports on a task only the last is written.
    """
    for start in range(0, tasks, IN_FLIGHT):
        found: dict[str, dict[str, str]] = {f"json-{n:05}": {} for n in range(start, min(start + IN_FLIGHT, tasks))}
        for position, service in enumerate(services):
            for part in range(1, REPORTS_PER_SERVICE + 1):
                is_last = part == REPORTS_PER_SERVICE
                status = 3 if is_last and position == len(services) - 1 else 2
                progress = (position + part / REPORTS_PER_SERVICE) / len(services)
                for key, metadata in found.items():
                    if is_last:
                        metadata.update(enriched({}, service, key))
                    if part % fold == 0:
                        yield status, service, progress, json.dumps(metadata), key


def main() -> int:
    """Write the reports to each table, print what it cost, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo.pipeline.updates", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000, help="how many rows (1000)")
    parser.add_argument("--services", type=int, default=10, help="how many services report 3 times on each (10)")
    arguments = parser.parse_args()
    lacking = cluster.missing()
    if lacking is not None:
        complain(f"Not measured: {lacking}.")
        return FAILED
    rows: list[tuple[str, ...]] = [HEAD]
    for variant in VARIANTS:
        with cluster.cluster() as server:
            rows.append(_cost(server.conninfo, variant, arguments.tasks, names(arguments.services)))
    say(aligned(rows, numbers=True))
    say("\nNobody vacuums meanwhile: what is dead is what vacuum would have to remove. Each UPDATE is a transaction.")
    return 0


def _cost(conninfo: str, variant: Variant, tasks: int, services: list[str]) -> tuple[str, ...]:
    import psycopg  # an extra  # noqa: PLC0415

    with psycopg.connect(conninfo, autocommit=True) as connection:

        def one(sql: Any, *values: Any) -> Any:
            return connection.execute(sql, values).fetchone()

        for sql in (TABLE, *variant.further):
            connection.execute(sql.encode())
        with connection.cursor() as cursor, connection.transaction():
            keys = [(f"json-{number:05}",) for number in range(tasks)]
            cursor.executemany("INSERT INTO tasks (key, status) VALUES (%s, 1)", keys)
        connection.execute("VACUUM tasks")
        connection.execute("CHECKPOINT")
        before, start = one(POSITION)[0], time.monotonic()
        said = 0
        for change in changes(tasks, services, variant.fold):
            connection.execute(UPDATE, change)
            said += variant.fold
        took = time.monotonic() - start
        wal = one("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", before)[0]
        deadline = time.monotonic() + PATIENCE
        while (counted := one(COUNTED))[0] < said / variant.fold and time.monotonic() < deadline:
            time.sleep(0.1)
        updates, hot, dead = counted
        return (
            variant.name,
            f"{updates:,}",
            f"{hot / updates:.0%}",
            f"{dead:,}",
            f"{wal / said:,.0f}",
            f"{one(SIZE)[0] / 2**20:.1f}",
            f"{took:.1f}",
        )


if __name__ == "__main__":
    sys.exit(program.run(main))
