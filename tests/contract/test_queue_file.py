"""What the queue in a file promises beside the contract: whatever happens to its file, it goes on."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.descriptors import no_descriptors
from waybill.queue.errors import QueueUnavailable
from waybill.queue.file_queue import FileQueue
from waybill.queue.message import Message, RoutedMessage
from waybill.queue.opening import open_queue
from waybill.settings import Settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
def queue(path: Path) -> Iterator[FileQueue]:
    queue = FileQueue(path)
    yield queue
    queue.close()


def message(number: int) -> Message:
    return Message(f"task-{number}", number)


def put_raw(path: Path, data: object, route: object = "sleep", priority: object = 0) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("insert into task (queue, data, priority) values (?, ?, ?)", (route, data, priority))
    connection.close()


def set_aside(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.glob("queue.db.corrupt-*") if "journal" not in one.name)


@pytest.mark.parametrize(
    "priority", [float("inf"), float("-inf"), 2**63 - 1, -(2**63), 1e300, "high", "9" * 400, b"\xff", ""]
)
def test_a_priority_of_another_s_making_harms_nobody(queue: FileQueue, path: Path, priority: object) -> None:
    put_raw(path, message(1).encode(), priority=priority)
    queue.send([("sleep", 0, message(2))])
    assert {letter.message for letter in queue.take(["sleep"], 10)} == {message(1), message(2)}
    put_raw(path, message(1).encode(), priority=priority)
    queue.send(queue.take(["sleep"], 10))
    assert [letter.message for letter in queue.take(["sleep"], 10)] == [message(1)], "it can be put back"


@pytest.mark.parametrize("route", ["", "r" * 5_000_000, b"\xff\x00", 7, 1.5, float("inf"), "a/b/c", "\0", "\ud7ff"])
def test_a_route_of_another_s_making_harms_nobody(queue: FileQueue, path: Path, route: object) -> None:
    put_raw(path, message(1).encode(), route=route)
    queue.send([("sleep", 0, message(2))])
    assert "sleep" in queue.routes()
    assert all(len(name) < 1_000 for name in queue.routes())
    assert [letter.message for letter in queue.take(["sleep"], 10)] == [message(2)]
    for name in queue.routes():
        queue.take([name], 10)


def test_rows_that_break_the_rules_of_the_table_harm_nobody(queue: FileQueue, path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("create table task (id integer primary key, queue, data, priority)")
    connection.execute("insert into task (queue, data, priority) values (null, null, null)")
    connection.execute("insert into task (queue, data, priority) values ('sleep', null, null)")
    connection.execute("insert into task (queue, data, priority) values ('sleep', ?, null)", (message(2).encode(),))
    connection.commit()
    connection.close()
    queue.send([("sleep", 0, message(1))])
    assert queue.routes() == {"sleep"}
    assert queue.contents() == {message(1), message(2)}
    assert {letter.message for letter in queue.take(["sleep"], 10)} == {message(1), message(2)}


def test_a_deleted_file_is_made_anew_on_both_sides(queue: FileQueue, path: Path) -> None:
    other = FileQueue(path)
    queue.send([("a", 0, message(1))])
    path.unlink()
    assert other.take(["a"], 1) == []
    queue.send([("a", 0, message(2))])
    assert other.take(["a"], 1) == [RoutedMessage("a", 0, message(2))]
    assert (queue.generation, other.generation) == (1, 1)
    other.close()


def test_a_deletion_is_noticed_without_any_other_call(queue: FileQueue, path: Path) -> None:
    path.unlink()
    assert queue.generation == 1
    assert queue.generation == 1


def test_a_replaced_file_is_taken_up_with_what_it_holds(queue: FileQueue, path: Path, tmp_path: Path) -> None:
    other = FileQueue(tmp_path / "other.db")
    other.send([("a", 0, message(7))])
    other.close()
    (tmp_path / "other.db").replace(path)
    assert queue.contents() == {message(7)}
    assert queue.generation == 1


@pytest.mark.parametrize("content", [b"", b"garbage", b"SQLite format 3\0" + b"\xff" * 8000, b"x" * 100_000])
def test_a_damaged_file_is_set_aside_and_made_anew(queue: FileQueue, path: Path, content: bytes) -> None:
    queue.send([("a", 0, message(1))])
    path.write_bytes(content)
    assert queue.take(["a"], 1) in ([], [RoutedMessage("a", 0, message(1))])
    queue.send([("a", 0, message(2))])
    assert message(2) in {letter.message for letter in queue.take(["a"], 10)}


def test_a_file_that_is_damaged_at_the_start_is_set_aside(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)
    queue = FileQueue(path)
    queue.send([("a", 0, message(1))])
    assert queue.contents() == {message(1)}
    assert (path.parent / "queue.db.corrupt-1").exists()
    queue.close()


def test_each_damaged_file_is_kept_under_a_name_of_its_own(queue: FileQueue, path: Path) -> None:
    for content in (b"first" * 1000, b"second" * 1000):
        path.unlink()
        path.write_bytes(content)
        queue.send([("a", 0, message(1))])
    assert (path.parent / "queue.db.corrupt-1").read_bytes() == b"first" * 1000
    assert (path.parent / "queue.db.corrupt-2").read_bytes() == b"second" * 1000


def test_of_many_damaged_files_the_latest_are_kept(queue: FileQueue, path: Path) -> None:
    for number in range(1, 8):
        path.unlink()
        path.write_bytes(f"damaged {number}".encode() * 1000)
        queue.send([("a", 0, message(1))])
    assert set_aside(path) == [f"queue.db.corrupt-{number}" for number in (5, 6, 7)]


def test_a_healthy_file_is_not_set_aside_for_want_of_descriptors(queue: FileQueue, path: Path) -> None:
    queue.send([("a", 0, message(1))])
    for _ in range(3):
        with no_descriptors():
            with pytest.raises(QueueUnavailable):
                queue.send([("a", 0, message(2))])
            with pytest.raises(QueueUnavailable):
                queue.take(["a"], 10)
    assert set_aside(path) == []
    assert queue.contents() == {message(1)}
    assert queue.generation == 0


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR_ACCESS])
def test_a_healthy_file_that_may_not_be_opened_is_not_set_aside(
    queue: FileQueue, path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    queue.send([("a", 0, message(1))])
    queue.close()

    def refuse(*anything: object) -> None:
        error = sqlite3.OperationalError("not with these rights")
        error.sqlite_errorcode = code
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("waybill.queue.file_queue.RouteStorage", refuse)
        with pytest.raises(QueueUnavailable):
            queue.take(["a"], 10)
    assert set_aside(path) == []
    assert queue.contents() == {message(1)}


def test_a_failure_that_passes_with_a_new_connection_costs_no_message(
    queue: FileQueue, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.send([("a", 0, message(1))])
    storage = queue._storage
    assert storage is not None

    def fail(*anything: object) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    monkeypatch.setattr(storage, "take", fail)
    assert queue.take(["a"], 10) == [RoutedMessage("a", 0, message(1))]
    assert queue.generation == 0
    assert set_aside(path) == []


def test_a_directory_in_the_place_of_the_journal_is_set_aside(queue: FileQueue, path: Path) -> None:
    queue.close()
    journal = path.with_name("queue.db-journal")
    journal.unlink(missing_ok=True)
    journal.mkdir()
    queue.send([("a", 0, message(1))])
    assert queue.contents() == {message(1)}


def test_a_directory_in_the_place_of_the_file_is_set_aside(queue: FileQueue, path: Path) -> None:
    path.unlink()
    path.mkdir()
    queue.send([("a", 0, message(1))])
    assert queue.contents() == {message(1)}


def test_another_schema_is_set_aside(queue: FileQueue, path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("create table task (something integer)")
    connection.close()
    queue.send([("a", 0, message(1))])
    assert queue.contents() == {message(1)}


def test_a_file_that_cannot_be_made_raises(tmp_path: Path) -> None:
    with pytest.raises(QueueUnavailable):
        FileQueue(tmp_path / "no" / "folder" / "queue.db")


def test_a_url_names_the_file_of_a_queue(tmp_path: Path) -> None:
    folder = tmp_path / "a folder, 50% full?"
    folder.mkdir()
    settings = Settings(data_dir=folder)
    opened = open_queue(settings.queue_location)
    opened.send([("sleep", 0, message(1))])
    opened.close()
    assert settings.queue_db.exists()


@pytest.mark.parametrize("data", [17, 2.5])
def test_a_message_of_another_type_is_dropped_and_the_next_one_taken(
    queue: FileQueue, path: Path, data: object
) -> None:
    put_raw(path, data)
    queue.send([("sleep", 0, message(1))])
    assert queue.contents() == {message(1)}
    assert queue.take(["sleep"], 10) == [RoutedMessage("sleep", 0, message(1))]


def test_a_path_that_is_relative_stays_the_same_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    opened = open_queue("sqlite:///queue.db")
    monkeypatch.chdir("/")
    opened.send([("sleep", 0, message(1))])
    opened.close()
    assert (tmp_path / "queue.db").exists()
