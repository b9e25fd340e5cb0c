"""The schema: what the database itself refuses, and that the models describe it."""

import sqlite3
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from peewee import SqliteDatabase

from services.api.store.database import reading, writing
from services.api.store.migrations import DatabaseIsNewer, migrate, migrations
from services.api.store.models import MODELS
from services.api.store.tasks import insert
from shared.domain.status import FOLLOWS, ErrorCode, Status
from shared.domain.task import Task, TaskError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = writing(tmp_path / "tasks.db")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def connection(database: SqliteDatabase) -> sqlite3.Connection:
    connection: sqlite3.Connection = database.connection()
    return connection


def task(status: Status) -> Task:
    started = None if status is Status.NEW else 1
    return Task(
        task_id="t",
        name="n",
        type="sleep",
        handler=None,
        processing_time=1,
        created_at=0,
        status=status,
        started_at=started,
        finished_at=1 if status.is_final else None,
        error=TaskError(ErrorCode.FAILED, "") if status is Status.ERROR else None,
    )


def test_the_models_describe_the_tables(connection: sqlite3.Connection) -> None:
    for model in MODELS:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({model._meta.table_name})")]
        assert columns == model._meta.sorted_field_names


def test_migrating_again_changes_nothing_and_a_newer_database_is_refused(database: SqliteDatabase) -> None:
    assert migrate(database) == []
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))
    database.pragma("user_version", 9_999)
    with pytest.raises(DatabaseIsNewer):
        migrate(database)


def test_the_file_is_for_its_owner_only_and_readers_cannot_write(tmp_path: Path, database: SqliteDatabase) -> None:
    assert (tmp_path / "tasks.db").stat().st_mode & 0o777 == 0o600
    reader = reading(tmp_path / "tasks.db")
    with pytest.raises(sqlite3.OperationalError):
        reader.connection().execute("DELETE FROM tasks")
    reader.close()


def test_commits_are_synced_to_the_disk(database: SqliteDatabase) -> None:
    full = 2
    assert database.pragma("synchronous") == full
    assert database.pragma("journal_mode") == "wal"


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_the_trigger_follows_the_table(connection: sqlite3.Connection, before: Status, after: Status) -> None:
    insert(connection, [task(before)])
    new = task(after)
    change = "UPDATE tasks SET status = ?, started_at = ?, finished_at = ?, error_code = ?, error_message = ?"
    code, message = new.error or (None, None)
    values = (int(after), new.started_at, new.finished_at, code, message)
    if after is before or after in FOLLOWS[before]:
        connection.execute(change, values)
    else:
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(change, values)
    connection.execute(f"{change}, attempt = attempt + 1, run = run + 1", values)


@pytest.mark.parametrize(
    "change",
    [
        "status = 5",
        "attempt = 0",
        "run = 0",
        "version = 0",
        "due_at = 1",
        "claim = 'c', due_at = 1",
        "result = '1'",
        "error_code = 'failed'",
        "finished_at = 1",
        "started_at = NULL",
    ],
)
def test_the_checks_refuse(connection: sqlite3.Connection, change: str) -> None:
    insert(connection, [task(Status.PROCESSING)])
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"UPDATE tasks SET {change}")


@pytest.mark.parametrize("change", ["result = '2'", "finished_at = 2", "error_message = 'x'"])
def test_what_goes_with_a_final_status_is_frozen(connection: sqlite3.Connection, change: str) -> None:
    insert(connection, [task(Status.COMPLETED)])
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"UPDATE tasks SET {change}")


def test_history_cannot_be_rewritten(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO events VALUES (1, 't', 1, 1, NULL, 'api', 'create', 'applied', 1, 0, '{}')")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE events SET outcome = 'stale'")
