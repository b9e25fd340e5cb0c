"""Every query on `workers`, those that were declared gone, and on `draining_workers`."""

from waybill_api.store.engine.database import Connection
from waybill_api.store.tables import tasks


def is_gone(connection: Connection, worker_id: str) -> bool:
    """Return whether the worker was declared gone."""
    return connection.execute("SELECT 1 FROM workers WHERE worker_id = ?", (worker_id,)).fetchone() is not None


def declare_gone(connection: Connection, worker_id: str, now: int) -> None:
    """Refuse the worker's claims from now on; a worker's id is random, and never used again."""
    connection.execute("INSERT OR IGNORE INTO workers (worker_id, gone_at) VALUES (?, ?)", (worker_id, now))
    set_draining(connection, worker_id, None)


def is_draining(connection: Connection, worker_id: str) -> bool:
    """Return whether the worker was asked to take no more tasks."""
    sql = "SELECT 1 FROM draining_workers WHERE worker_id = ?"
    return connection.execute(sql, (worker_id,)).fetchone() is not None


def set_draining(connection: Connection, worker_id: str, since: int | None) -> None:
    """Ask the worker to take no more tasks, from then on (ms); None takes that back."""
    if since is None:
        connection.execute("DELETE FROM draining_workers WHERE worker_id = ?", (worker_id,))
    else:
        sql = "INSERT OR IGNORE INTO draining_workers (worker_id, asked_at) VALUES (?, ?)"
        connection.execute(sql, (worker_id, since))


def holders(connection: Connection) -> list[str]:
    """Return the ids of the workers that hold a run or were asked to drain: their end has to be noticed."""
    draining = (worker_id for (worker_id,) in connection.execute("SELECT worker_id FROM draining_workers"))
    return list({*tasks.holders(connection), *draining})


def forget(connection: Connection, before: int) -> None:
    """Forget workers that were declared gone before then."""
    connection.execute("DELETE FROM workers WHERE gone_at < ?", (before,))
