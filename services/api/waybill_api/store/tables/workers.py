"""Every query on `workers`, those that were declared gone, and on `draining_workers`."""

from sqlite3 import Connection

from peewee import SqliteDatabase

from waybill_api.store.tables.models import DrainingWorkerRow, WorkerRow


def is_gone(connection: Connection, worker_id: str) -> bool:
    """Return whether the worker was declared gone; plain SQL, since every claim asks."""
    return connection.execute("SELECT 1 FROM workers WHERE worker_id = ?", (worker_id,)).fetchone() is not None


def declare_gone(database: SqliteDatabase, worker_id: str, now: int) -> None:
    """Refuse the worker's claims from now on; its ids are random and never come back."""
    WorkerRow.insert(worker_id=worker_id, gone_at=now).on_conflict_ignore().bind(database).execute()
    set_draining(database, worker_id, None)


def is_draining(connection: Connection, worker_id: str) -> bool:
    """Return whether the worker was asked to take no more tasks; plain SQL, since every heartbeat asks."""
    sql = "SELECT 1 FROM draining_workers WHERE worker_id = ?"
    return connection.execute(sql, (worker_id,)).fetchone() is not None


def set_draining(database: SqliteDatabase, worker_id: str, since: int | None) -> None:
    """Ask the worker to take no more tasks, from then on (ms); None takes that back."""
    if since is None:
        DrainingWorkerRow.delete().where(DrainingWorkerRow.worker_id == worker_id).bind(database).execute()
    else:
        row = DrainingWorkerRow.insert(worker_id=worker_id, asked_at=since)
        row.on_conflict_ignore().bind(database).execute()


def draining(connection: Connection) -> list[str]:
    """Return the ids of the workers that were asked to take no more tasks."""
    return [worker_id for (worker_id,) in connection.execute("SELECT worker_id FROM draining_workers")]


def forget(database: SqliteDatabase, before: int) -> int:
    """Forget workers that were declared gone before then; return how many."""
    return int(WorkerRow.delete().where(WorkerRow.gone_at < before).bind(database).execute())
