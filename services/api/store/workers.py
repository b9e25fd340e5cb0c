"""Every query on `workers`: those that were declared gone."""

from sqlite3 import Connection

from peewee import SqliteDatabase

from services.api.store.models import WorkerRow


def is_gone(connection: Connection, worker_id: str) -> bool:
    """Return whether the worker was declared gone; plain SQL, since every claim asks."""
    return connection.execute("SELECT 1 FROM workers WHERE worker_id = ?", (worker_id,)).fetchone() is not None


def declare_gone(database: SqliteDatabase, worker_id: str, now: int) -> None:
    """Refuse the worker's claims from now on; its ids are random and never come back."""
    WorkerRow.insert(worker_id=worker_id, gone_at=now).on_conflict_ignore().bind(database).execute()


def forget(database: SqliteDatabase, before: int) -> int:
    """Forget workers that were declared gone before then; return how many."""
    return int(WorkerRow.delete().where(WorkerRow.gone_at < before).bind(database).execute())
