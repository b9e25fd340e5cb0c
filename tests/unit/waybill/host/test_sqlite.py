"""A SQLite that is too old is reported before anything else is tried."""

import sqlite3
from pathlib import Path

import pytest

from waybill.host.sqlite import SqliteTooOld, check_sqlite
from waybill.settings import Settings
from waybill_api import server
from waybill_api.server import CannotStart
from waybill_worker import __main__ as worker


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite without RETURNING."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")


@pytest.mark.usefixtures("old")
def test_it_says_what_is_there_and_what_is_needed() -> None:
    with pytest.raises(SqliteTooOld, match=r"^SQLite 3\.34\.1 is too old: use a Python with SQLite 3\.35\.0 or newer$"):
        check_sqlite()


def test_the_one_that_is_there_will_do() -> None:
    check_sqlite()


@pytest.mark.usefixtures("old")
def test_the_api_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="too old"):
        server.run(Settings(data_dir=tmp_path, port=0))
    assert not (tmp_path / "tasks.db").exists()


@pytest.mark.usefixtures("old")
def test_a_worker_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAYBILL_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(worker, "Outlets", lambda: None)
    assert worker.main() == 2
    assert capfd.readouterr().err.count("\n") == 1
