"""A database that is removed, locked or damaged under a serving API: no 201 is sent for a task that is lost."""

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.acceptance.instance import Instance, wait_until

BODY = {"name": "a task", "processing_time": 0}


def create(instance: Instance) -> int | None:
    """Create a task, and return the HTTP status, None without an answer."""
    try:
        return requests.post(f"{instance.url}/tasks", json=BODY, timeout=30).status_code
    except requests.ConnectionError:
        return None


def refused(instance: Instance) -> str:
    """Start an API that cannot start, and return the one line that says why."""
    service = instance.start("refused", sys.executable, "-m", "waybill_api")
    assert service.ended() == 1
    (line,) = service.read().splitlines()
    return line


def delete(instance: Instance) -> None:
    (instance.data / "tasks.db").unlink()


def rename(instance: Instance) -> None:
    instance.data.rename(instance.folder / "aside")


@pytest.mark.parametrize("take_away", [delete, rename])
def test_an_api_whose_database_is_taken_away_ends_and_does_not_begin_anew(
    instance: Instance, take_away: Callable[[Instance], None]
) -> None:
    api = instance.start_api()
    kept = instance.create(0)
    take_away(instance)
    assert create(instance) in (503, None)
    assert api.ended() == 1
    said = [line for line in api.read().splitlines() if "database_lost" in line]
    assert len(said) == 1
    assert "Traceback" not in api.read()
    assert "put tasks.db back" in refused(instance)
    if take_away is rename:
        shutil.rmtree(instance.data)
        (instance.folder / "aside").rename(instance.data)
        instance.start_api()
        assert kept in instance.tasks()


def test_a_lock_file_that_is_removed_lets_no_second_api_in(instance: Instance) -> None:
    first = instance.start_api()
    (instance.data / "tasks.lock").unlink()
    second = instance.start("second", sys.executable, "-m", "waybill_api", port="0", lock_wait_seconds="1.5")
    assert second.ended() == 1
    waits, gives_up = second.read().splitlines()
    assert "waiting for its end for up to 1.5 s" in waits
    assert "choose another WAYBILL_DATA_DIR" in gives_up
    wait_until((instance.data / "tasks.lock").exists, "a lock file that is made anew")
    assert create(instance) == 201
    assert first.is_running


def test_a_lock_of_another_program_is_answered_503_and_outlived(instance: Instance) -> None:
    api = instance.start_api()
    with closing(sqlite3.connect(instance.data / "tasks.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = requests.post(f"{instance.url}/tasks", json=BODY, timeout=30)
        assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "store_busy", "1")
        assert reasons(instance) == ["database_locked"]
        assert requests.get(f"{instance.url}/tasks", timeout=30).status_code == 200
        other.execute("ROLLBACK")
    assert create(instance) == 201
    wait_until(lambda: reasons(instance) == [], "an API that is ready")
    assert api.is_running
    assert api.read().count("[database_locked]") == 1


def test_a_database_that_is_damaged_while_in_use_takes_nothing_more(instance: Instance) -> None:
    api = instance.start_api()
    instance.create_many(50, 0)
    wait_until(lambda: is_in_the_file(instance), "a log that is in the database")
    damage(instance.data / "tasks.db")
    wait_until(lambda: reasons(instance) == ["database_damaged"] or not instance_lists(instance), "damage that is seen")
    assert create(instance) == 503
    assert reasons(instance) == ["database_damaged"]
    assert api.stop() == 0
    assert "is damaged" in refused(instance) or "malformed" in refused(instance)


def reasons(instance: Instance) -> list[str]:
    """Return why the API is not ready."""
    answer = requests.get(f"{instance.url}/readyz", timeout=30)
    return [] if answer.ok else [reason["code"] for reason in answer.json()["reasons"]]


def instance_lists(instance: Instance) -> bool:
    """Whether the list of tasks is answered."""
    return requests.get(f"{instance.url}/tasks", timeout=30).status_code == 200


def is_in_the_file(instance: Instance) -> bool:
    """Whether the tasks have come from the log into the database itself."""
    with closing(sqlite3.connect(f"file:{instance.data / 'tasks.db'}?immutable=1", uri=True)) as file:
        return bool(file.execute("SELECT count(*) FROM tasks").fetchone()[0] == 50)


def damage(path: Path) -> None:
    """Overwrite what holds the tasks and their index."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as file:
        roots = file.execute("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'tasks' AND rootpage > 0")
        pages = [int(row[0]) for row in roots]
    with path.open("r+b") as raw:
        for page in pages:
            raw.seek(4096 * (page - 1))
            raw.write(b"\xa5" * 4096)
