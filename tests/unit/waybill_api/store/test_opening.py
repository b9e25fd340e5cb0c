"""Which faults of a database a start detects, and what it accepts."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from waybill.installation import new_id
from waybill_api.store import commands
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.engine import damage
from waybill_api.store.engine.clock import Clock
from waybill_api.store.engine.migrations import DatabaseUnusable, migrations
from waybill_api.store.opening import open_database
from waybill_api.store.store import Store

ID = new_id()


def opened(path: Path, known: str | None = None, *, was_there: bool = False, check: float = 60.0) -> str:
    return open_database(path, known, was_there=was_there, wait=0.0, check=check)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database lies, or will."""
    return tmp_path / "tasks.db"


def end_well(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE installation SET log_of = NULL")


def use(path: Path) -> sqlite3.Connection:
    """Write something, and return the connection that keeps its log."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("DELETE FROM audit")
    database.execute("INSERT INTO draining_workers VALUES ('w', 1)")
    return database


def test_a_new_database_gets_an_id_and_keeps_it(path: Path) -> None:
    found = opened(path)
    assert opened(path) == opened(path, found, was_there=True) == found


@pytest.mark.parametrize("state", ["gone", "empty", "no schema"])
@pytest.mark.parametrize(
    ("known", "was_there"), [(ID, False), (None, True), (ID, True)], ids=["known", "was there", "both"]
)
def test_an_installation_is_not_begun_anew_where_one_was(
    path: Path, state: str, known: str | None, was_there: bool
) -> None:
    if state == "empty":
        path.touch()
    elif state == "no schema":
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA application_id = 1")
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(DatabaseUnusable) as refused:
        opened(path, known, was_there=was_there)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{path} ")
    assert f"put tasks.db back, or, to begin anew, remove {path.parent / 'installation'}" in line
    if state != "no schema":
        assert (path.read_bytes() if path.exists() else None) == before, "nothing was made"


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE x (y)")
    for known in (None, ID):
        with pytest.raises(DatabaseUnusable, match="none of Waybill's"):
            opened(path, known)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_schema").fetchall() == [("x",)]


def test_a_database_of_an_older_version_takes_the_id_of_its_directory_or_gets_one(tmp_path: Path) -> None:
    for known in (None, ID):
        path = tmp_path / f"{known}.db"
        with closing(sqlite3.connect(path)) as database:
            for number, entry in migrations():
                if entry.name < "0011":
                    database.executescript(f"{entry.read_text()}\nPRAGMA user_version = {number};")
        found = opened(path, known, was_there=True)
        assert found == (known or found)
        assert opened(path) == found


def test_the_database_of_another_installation_is_refused_and_both_are_named(path: Path) -> None:
    other = opened(path)
    with pytest.raises(DatabaseUnusable) as refused:
        opened(path, ID)
    assert other in str(refused.value)
    assert ID in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_one_damaged_page_is_noticed_at_the_start(path: Path) -> None:
    found = opened(path)
    with closing(sqlite3.connect(path)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'audit'").fetchone()
    with path.open("r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xff" * 4096)
    with pytest.raises(DatabaseUnusable, match=r"is damaged .*put a good copy in its place") as refused:
        opened(path, found)
    assert len(str(refused.value).splitlines()) == 1


def test_the_check_of_a_large_database_ends_in_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = opened(path)
    monkeypatch.setattr(damage, "STEPS", 1)
    times = iter(range(1_000_000))
    assert open_database(path, found, was_there=True, wait=0, check=5, clock=lambda: float(next(times))) == found


@pytest.mark.parametrize("content", [b"no database at all, " * 400, b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_a_file_that_is_no_database_is_said_so_in_one_line(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match=str(path)) as refused:
        opened(path)
    assert len(str(refused.value).splitlines()) == 1


def test_a_database_that_was_cut_is_refused(path: Path) -> None:
    found = opened(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size - 5 * 4096)
    with pytest.raises(DatabaseUnusable, match=r"malformed|damaged"):
        opened(path, found)


def test_a_lock_of_another_program_is_waited_for_and_named(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnusable, match="locked by another program"):
            open_database(path, found, was_there=True, wait=0.6)
        assert [record.message for record in caplog.records if "locked" in record.message] == [
            f"{path} is locked by another program; waiting for it for up to 0.6 s"
        ]
        other.execute("ROLLBACK")
    assert opened(path, found) == found


class TestCopies:
    """How a copy was made shows, unless it is whole."""

    @pytest.fixture(autouse=True)
    def _copied(self, path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        self.path, self.copy, self.caplog = path, tmp_path / "copy" / "tasks.db", caplog
        self.copy.parent.mkdir()
        self.found = opened(path)
        caplog.set_level(logging.WARNING)

    def warned(self, path: Path) -> bool:
        self.caplog.clear()
        assert opened(path, self.found) == self.found
        return any("log tasks.db-wal is missing" in record.message for record in self.caplog.records)

    def test_a_file_that_was_copied_without_its_log_is_named(self) -> None:
        with closing(use(self.path)):
            self.copy.write_bytes(self.path.read_bytes())
        assert self.warned(self.copy)

    def test_a_file_that_was_copied_with_its_log_is_not(self) -> None:
        with closing(use(self.path)):
            for suffix in ("", "-wal"):
                self.copy.with_name(f"tasks.db{suffix}").write_bytes(
                    self.path.with_name(f"tasks.db{suffix}").read_bytes()
                )
        assert not self.warned(self.copy)

    def test_a_copy_that_sqlite_made_is_not(self) -> None:
        with closing(use(self.path)) as database:
            with closing(sqlite3.connect(self.copy)) as copy:
                database.backup(copy)
            assert not self.warned(self.copy)
            self.copy.unlink()
            database.execute(f"VACUUM INTO '{self.copy}'")
        assert not self.warned(self.copy)

    def test_what_ended_well_is_not(self) -> None:
        end_well(self.path)
        self.copy.write_bytes(self.path.read_bytes())
        assert not self.warned(self.copy)


@pytest.mark.gen_test
async def test_a_store_that_closes_well_leaves_a_file_that_is_whole(path: Path) -> None:
    found = opened(path)
    store = Store.open(path, Clock(), lambda: None)
    assert store.installation == found
    await store.write(commands.tasks.create, [TaskDraft(name="n", processing_time=1)])
    store.close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT log_of FROM installation").fetchone() == (None,)
