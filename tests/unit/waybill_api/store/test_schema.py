"""The schema: what the database itself refuses, and that the models describe it."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from peewee import SqliteDatabase

from waybill.domain.status import FOLLOWS, ErrorCode, Status
from waybill.domain.task import Task, TaskError
from waybill_api.store import tables
from waybill_api.store.engine.database import reading, writing
from waybill_api.store.engine.migrations import DatabaseIsNewer, migrate, migrations
from waybill_api.store.tables import task_row
from waybill_api.store.tables.lanes import Lane, occupied
from waybill_api.store.tables.tasks import get, insert


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


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("tasks", task_row.COLUMNS),
        ("events", (tables.events.EVENT_ID, *tables.events.COLUMNS)),
        ("stage_results", tables.stage_results.COLUMNS),
        ("task_types", tables.task_types.COLUMNS),
        ("idempotency_keys", tables.idempotency.IdempotencyKeyRow._meta.sorted_field_names),
    ],
)
def test_the_statements_name_every_column(connection: sqlite3.Connection, table: str, named: Sequence[str]) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    assert sorted(columns) == sorted(named)


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
    code, message, _ = new.error or (None, None, None)
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
        "error_detail = 'where'",
        "finished_at = 1",
        "started_at = NULL",
    ],
)
def test_the_checks_refuse(connection: sqlite3.Connection, change: str) -> None:
    insert(connection, [task(Status.PROCESSING)])
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"UPDATE tasks SET {change}")


@pytest.mark.parametrize("change", ["result = '2'", "finished_at = 2", "error_message = 'x'", "error_detail = 'x'"])
def test_what_goes_with_a_final_status_is_frozen(connection: sqlite3.Connection, change: str) -> None:
    insert(connection, [task(Status.COMPLETED)])
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"UPDATE tasks SET {change}")


def test_history_cannot_be_rewritten(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO events VALUES (1, 't', 1, 1, NULL, 'api', 'create', 'applied', 1, 0, '{}')")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE events SET outcome = 'stale'")


def at_stage(connection: sqlite3.Connection) -> None:
    """Keep a task of a pipeline that is in its second of three stages."""
    stages = {"stages": ("a", "b", "c"), "handler": "b", "stage": "b", "claim": "c"}
    insert(connection, [replace(task(Status.PROCESSING), **stages)])  # type: ignore[arg-type]
    connection.execute("INSERT INTO stage_results VALUES ('t', 0, 1, 'a', 1, '1', 0, 0)")


@pytest.mark.parametrize("change", ["stage = 'c'", "handler = 'c'", "stage = NULL", "stage = 'a', handler = 'a'"])
def test_a_pipeline_is_at_one_of_its_stages_and_goes_forward_with_its_results(
    connection: sqlite3.Connection, change: str
) -> None:
    at_stage(connection)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"UPDATE tasks SET {change}")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE tasks SET stage = 'c', handler = 'c'")
    connection.execute("INSERT INTO stage_results VALUES ('t', 1, 1, 'b', 2, '2', 0, 0)")
    connection.execute("UPDATE tasks SET stage = 'c', handler = 'c'")
    connection.execute("UPDATE tasks SET stage = 'a', handler = 'a', attempt = 2, run = 2")


def test_what_a_stage_has_left_is_kept_as_it_is(connection: sqlite3.Connection) -> None:
    at_stage(connection)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE stage_results SET result = '2'")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO stage_results VALUES ('t', 0, 1, 'a', 9, '2', 0, 0)")


def test_a_type_has_a_handler_or_stages(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE task_types SET stages = '[\"a\"]'")


@pytest.mark.parametrize("stages", [None, ("a", "b", "c")])
def test_the_route_of_the_index_is_the_domains(connection: sqlite3.Connection, stages: tuple[str, ...] | None) -> None:
    kept = replace(task(Status.NEW), stages=stages, handler="b", stage="b", due_at=1)
    insert(connection, [kept])
    assert [lane.route for lane in occupied(connection)] == [kept.route]


def test_what_the_first_version_kept_is_there_after_the_upgrade(tmp_path: Path) -> None:
    database = writing(tmp_path / "old.db")
    (_, first), *_ = migrations()
    database.connection().executescript(f"{first.read_text()}\nPRAGMA user_version = 1;")
    columns = "task_id, name, type, handler, processing_time, priority, max_attempts, min_backoff, max_backoff"
    more = "created_at, status, attempt, run, failures, crashes, metadata, positions, due_at, delay, version"
    values = "'t', 'n', 'sleep', 'sleep', 5, 0, 1, 1, 2, 0, 1, 1, 1, 0, 0, '{}', '{}', 7, 0, 1"
    database.connection().execute(f"INSERT INTO tasks ({columns}, {more}) VALUES ({values})")
    assert migrate(database)[0] == 2
    kept = get(database.connection(), "t")
    assert kept is not None
    assert (kept.stages, kept.handler, kept.due_at, kept.claimed_at) == (None, "sleep", 7, None)
    assert occupied(database.connection()) == [Lane("sleep", 0)]
    database.close()


def test_tasks_of_older_databases_get_the_routes_that_their_own_handlers_need(tmp_path: Path) -> None:
    older = SqliteDatabase(str(tmp_path / "older.db"))
    connection = older.connection()
    scripts = {number: entry.read_text() for number, entry in migrations()}
    routes = scripts.pop(10)
    # The later ones first, since the rows are written as today's are.
    for script in scripts.values():
        connection.executescript(f"BEGIN;{script};COMMIT;")
    fields = {"due_at": 1, "claim": None}
    for task_id, more in (
        ("1", {"type": "nap", "handler": "nap"}),
        ("2", {"type": "nap", "handler": "doze"}),
        ("3", {"type": "nap", "handler": None, "due_at": None}),
        ("4", {"type": "nap", "handler": "nap", "stages": ("nap", "b"), "stage": "nap"}),
    ):
        insert(connection, [replace(task(Status.NEW), task_id=task_id, **fields | more)])
    connection.commit()
    connection.executescript(f"BEGIN;{routes};COMMIT;")
    rows = connection.execute("SELECT route FROM tasks ORDER BY task_id").fetchall()
    assert [route for (route,) in rows] == ["nap", "nap/doze", "nap", "nap/nap"]
    (plan,) = connection.execute(
        "EXPLAIN QUERY PLAN SELECT 1 FROM tasks WHERE due_at NOT NULL AND route = 'a'"
    ).fetchall()
    assert "tasks_due" in str(plan)
    older.close()


@pytest.mark.parametrize("change", ["""stages = '["a","b","x"]'""", "stages = NULL, stage = NULL"])
def test_what_is_claimed_takes_over_no_other_stages(connection: sqlite3.Connection, change: str) -> None:
    at_stage(connection)
    with pytest.raises(sqlite3.IntegrityError, match="other stages"):
        connection.execute(f"UPDATE tasks SET {change}")


@pytest.mark.parametrize(
    "change",
    [
        """stages = '["z","b"]', stage = 'b', handler = 'b'""",
        """stages = '["b"]'""",
        """stages = '["a","x","b"]'""",
        """stages = '["a","b"]', stage = 'a', handler = 'a'""",
        "stages = NULL, stage = NULL",
    ],
)
def test_what_waits_takes_over_no_stages_before_its_own(connection: sqlite3.Connection, change: str) -> None:
    at_stage(connection)
    connection.execute("UPDATE tasks SET claim = NULL, due_at = 1, run = run + 1")
    with pytest.raises(sqlite3.IntegrityError, match="other stages"):
        connection.execute(f"UPDATE tasks SET {change}")


def test_what_waits_takes_over_stages_that_begin_alike(connection: sqlite3.Connection) -> None:
    at_stage(connection)
    connection.execute("UPDATE tasks SET claim = NULL, due_at = 1, run = run + 1")
    connection.execute("""UPDATE tasks SET stages = '["a","x"]', stage = 'x', handler = 'x'""")
