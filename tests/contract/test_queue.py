"""What the queue promises, whatever happens to its file: it may lose hints, but it never fails, lies or runs code."""

import json
import logging
import pickle
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.descriptors import no_descriptors
from waybill.queue.errors import QueueUnavailable
from waybill.queue.message import Message, RoutedMessage
from waybill.queue.opening import open_queue
from waybill.queue.queue import Queue
from waybill.settings import Settings


class Bomb:
    """What an attacker would pickle: it makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
def queue(path: Path) -> Iterator[Queue]:
    queue = Queue(path)
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


def test_what_was_sent_is_taken_once(queue: Queue) -> None:
    queue.send([("sleep", 0, message(1))])
    assert queue.take(["sleep"], 10) == [RoutedMessage("sleep", 0, message(1))]
    assert queue.take(["sleep"], 10) == []


def test_higher_priorities_go_first_and_equals_in_order_of_arrival(queue: Queue) -> None:
    queue.send([("a", 0, message(1)), ("b", 5, message(2)), ("a", 5, message(3)), ("a", -1, message(4))])
    assert [letter.message.run for letter in queue.take(["a", "b"], 10)] == [2, 3, 1, 4]


def test_no_more_is_taken_than_asked_for(queue: Queue) -> None:
    queue.send([("a", number, message(number)) for number in range(1, 6)])
    assert [letter.message.run for letter in queue.take(["a"], 2)] == [5, 4]
    assert [letter.message.run for letter in queue.take(["a"], 2)] == [3, 2]
    assert queue.take(["a"], 0) == []


def test_only_the_routes_asked_for_are_taken(queue: Queue) -> None:
    queue.send([("a", 0, message(1)), ("b", 0, message(2))])
    assert queue.take(["b", "c"], 10) == [RoutedMessage("b", 0, message(2))]
    assert queue.take([], 10) == []
    assert queue.routes() == {"a"}


def test_of_some_routes_only_what_exceeds_a_priority_is_taken(queue: Queue) -> None:
    queue.send([("a", 0, message(1)), ("a", 5, message(2)), ("b", -1, message(3)), ("c", 9, message(4))])
    assert [one.message.run for one in queue.take({"a": 0.0, "b": float("-inf")}, 10)] == [2, 3]
    assert queue.take({"a": 0.0}, 10) == []
    assert len(queue.take({"a": -1.0, "c": 8.0} | {f"r{number}": 1.0 for number in range(2_000)}, 10)) == 2


def test_letters_that_were_taken_can_be_put_back(queue: Queue) -> None:
    queue.send([("a", 3, message(1))])
    queue.send(queue.take(["a"], 1))
    assert queue.take(["a"], 1) == [RoutedMessage("a", 3, message(1))]


def test_contents_are_all_messages_and_stay_there(queue: Queue) -> None:
    queue.send([("a", 0, message(1)), ("b", 0, message(2))])
    assert queue.contents() == {message(1), message(2)}
    assert queue.contents() == {message(1), message(2)}


def test_of_a_route_what_would_be_taken_last_is_taken_back(queue: Queue) -> None:
    queue.send([("a", 0, message(1)), ("a", 5, message(2)), ("a", 0, message(3)), ("b", -9, message(4))])
    assert set(queue.take_back("a", 2)) == {message(3), message(1)}
    assert queue.contents() == {message(2), message(4)}
    assert queue.take_back("a", 9) == [message(2)]
    assert queue.take_back("c", 9) == []


def test_what_lies_there_can_be_removed_by_its_number(queue: Queue) -> None:
    queue.send([("a", 0, message(1)), ("b", 0, message(1)), ("a", 0, message(2))])
    queued = queue.queued()
    assert [(one.route, one.message) for one in queued] == [("a", message(1)), ("b", message(1)), ("a", message(2))]
    queue.remove([one.number for one in queued if one.route == "b"])
    queue.remove([])
    assert [one.route for one in queue.queued()] == ["a", "a"]


def test_another_process_sees_what_was_sent(queue: Queue, path: Path) -> None:
    queue.send([("a", 0, message(1))])
    other = Queue(path)
    assert other.take(["a"], 1) == [RoutedMessage("a", 0, message(1))]
    assert queue.take(["a"], 1) == []
    assert queue.generation == 0
    other.close()


def test_takers_never_share_a_message(path: Path) -> None:
    queues = [Queue(path) for _ in range(3)]
    queues[0].send([("a", 0, message(number)) for number in range(1, 601)])
    taken: list[list[int]] = [[] for _ in queues]

    def take_all(index: int) -> None:
        while letters := queues[index].take(["a"], 7):
            taken[index] += [letter.message.run for letter in letters]

    threads = [threading.Thread(target=take_all, args=(index,)) for index in range(len(queues))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(number for numbers in taken for number in numbers) == list(range(1, 601))
    for queue in queues:
        queue.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"task_id": "a"}',
        b'{"task_id": 1, "run": 1}',
        b'{"task_id": "a", "run": "1"}',
        b'{"task_id": "a", "run": true}',
        b'{"task_id": "a", "run": 1.5}',
        b'{"task_id": "a", "run": 0}',
        b'{"task_id": "a", "run": 9223372036854775808}',
        b'{"task_id": "\\ud800", "run": 1}',
        b'{"task_id": "' + b"a" * 129 + b'", "run": 1}',
        b'{"task_id": "a", "run": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"task_id": "' + b"a" * 10_000_000 + b'", "run": 1}',
        "text with a lone \udcff".encode(errors="surrogateescape"),
        17,
        2.5,
    ],
)
def test_a_message_that_cannot_be_read_is_dropped_and_the_next_one_taken(
    queue: Queue, path: Path, data: object
) -> None:
    put_raw(path, data)
    queue.send([("sleep", 0, message(1))])
    assert queue.contents() == {message(1)}
    assert queue.take(["sleep"], 10) == [RoutedMessage("sleep", 0, message(1))]
    assert queue.take(["sleep"], 10) == []


@pytest.mark.parametrize(
    "priority", [float("inf"), float("-inf"), 2**63 - 1, -(2**63), 1e300, "high", "9" * 400, b"\xff", ""]
)
def test_a_priority_of_another_s_making_harms_nobody(queue: Queue, path: Path, priority: object) -> None:
    put_raw(path, message(1).encode(), priority=priority)
    queue.send([("sleep", 0, message(2))])
    assert {letter.message for letter in queue.take(["sleep"], 10)} == {message(1), message(2)}
    put_raw(path, message(1).encode(), priority=priority)
    queue.send(queue.take(["sleep"], 10))
    assert [letter.message for letter in queue.take(["sleep"], 10)] == [message(1)], "it can be put back"


@pytest.mark.parametrize("route", ["", "r" * 5_000_000, b"\xff\x00", 7, 1.5, float("inf"), "a/b/c", "\0", "\ud7ff"])
def test_a_route_of_another_s_making_harms_nobody(queue: Queue, path: Path, route: object) -> None:
    put_raw(path, message(1).encode(), route=route)
    queue.send([("sleep", 0, message(2))])
    assert "sleep" in queue.routes()
    assert all(len(name) < 1_000 for name in queue.routes())
    assert [letter.message for letter in queue.take(["sleep"], 10)] == [message(2)]
    for name in queue.routes():
        queue.take([name], 10)


def test_rows_that_break_the_rules_of_the_table_harm_nobody(queue: Queue, path: Path) -> None:
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


def test_a_pickle_on_the_queue_runs_nothing(queue: Queue, path: Path, tmp_path: Path) -> None:
    put_raw(path, pickle.dumps(Bomb(tmp_path / "ran")))
    assert queue.take(["sleep"], 10) == []
    assert not (tmp_path / "ran").exists()


def test_fields_of_a_later_version_are_ignored(queue: Queue, path: Path) -> None:
    put_raw(path, json.dumps({"task_id": "a", "run": 2, "colour": "red"}).encode())
    assert queue.take(["sleep"], 1) == [RoutedMessage("sleep", 0, Message("a", 2))]


def test_a_deleted_file_is_made_anew_on_both_sides(queue: Queue, path: Path) -> None:
    other = Queue(path)
    queue.send([("a", 0, message(1))])
    path.unlink()
    assert other.take(["a"], 1) == []
    queue.send([("a", 0, message(2))])
    assert other.take(["a"], 1) == [RoutedMessage("a", 0, message(2))]
    assert (queue.generation, other.generation) == (1, 1)
    other.close()


def test_a_deletion_is_noticed_without_any_other_call(queue: Queue, path: Path) -> None:
    path.unlink()
    assert queue.generation == 1
    assert queue.generation == 1


def test_a_replaced_file_is_taken_up_with_what_it_holds(queue: Queue, path: Path, tmp_path: Path) -> None:
    other = Queue(tmp_path / "other.db")
    other.send([("a", 0, message(7))])
    other.close()
    (tmp_path / "other.db").replace(path)
    assert queue.contents() == {message(7)}
    assert queue.generation == 1


@pytest.mark.parametrize("content", [b"", b"garbage", b"SQLite format 3\0" + b"\xff" * 8000, b"x" * 100_000])
def test_a_damaged_file_is_set_aside_and_made_anew(queue: Queue, path: Path, content: bytes) -> None:
    queue.send([("a", 0, message(1))])
    path.write_bytes(content)
    assert queue.take(["a"], 1) in ([], [RoutedMessage("a", 0, message(1))])
    queue.send([("a", 0, message(2))])
    assert message(2) in {letter.message for letter in queue.take(["a"], 10)}


def test_a_file_that_is_damaged_at_the_start_is_set_aside(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)
    queue = Queue(path)
    queue.send([("a", 0, message(1))])
    assert queue.contents() == {message(1)}
    assert (path.parent / "queue.db.corrupt-1").exists()
    queue.close()


def test_each_damaged_file_is_kept_under_a_name_of_its_own(queue: Queue, path: Path) -> None:
    for content in (b"first" * 1000, b"second" * 1000):
        path.unlink()
        path.write_bytes(content)
        queue.send([("a", 0, message(1))])
    assert (path.parent / "queue.db.corrupt-1").read_bytes() == b"first" * 1000
    assert (path.parent / "queue.db.corrupt-2").read_bytes() == b"second" * 1000


def test_of_many_damaged_files_the_latest_are_kept(queue: Queue, path: Path) -> None:
    for number in range(1, 8):
        path.unlink()
        path.write_bytes(f"damaged {number}".encode() * 1000)
        queue.send([("a", 0, message(1))])
    assert set_aside(path) == [f"queue.db.corrupt-{number}" for number in (5, 6, 7)]


def test_a_healthy_file_is_not_set_aside_for_want_of_descriptors(queue: Queue, path: Path) -> None:
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
    queue: Queue, path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    queue.send([("a", 0, message(1))])
    queue.close()

    def refuse(*anything: object) -> None:
        error = sqlite3.OperationalError("not with these rights")
        error.sqlite_errorcode = code
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("waybill.queue.queue.RouteStorage", refuse)
        with pytest.raises(QueueUnavailable):
            queue.take(["a"], 10)
    assert set_aside(path) == []
    assert queue.contents() == {message(1)}


def test_a_failure_that_passes_with_a_new_connection_costs_no_message(
    queue: Queue, path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_a_directory_in_the_place_of_the_journal_is_set_aside(queue: Queue, path: Path) -> None:
    queue.close()
    journal = path.with_name("queue.db-journal")
    journal.unlink(missing_ok=True)
    journal.mkdir()
    queue.send([("a", 0, message(1))])
    assert queue.contents() == {message(1)}


def test_a_directory_in_the_place_of_the_file_is_set_aside(queue: Queue, path: Path) -> None:
    path.unlink()
    path.mkdir()
    queue.send([("a", 0, message(1))])
    assert queue.contents() == {message(1)}


def test_another_schema_is_set_aside(queue: Queue, path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("create table task (something integer)")
    connection.close()
    queue.send([("a", 0, message(1))])
    assert queue.contents() == {message(1)}


def test_a_file_that_cannot_be_made_raises(tmp_path: Path) -> None:
    with pytest.raises(QueueUnavailable):
        Queue(tmp_path / "no" / "folder" / "queue.db")


def test_a_thousand_messages_that_cannot_be_read_are_one_line_of_the_log(
    queue: Queue, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany("insert into task (queue, data, priority) values ('sleep', ?, 0)", [(b"?",)] * 1_000)
    connection.close()
    with caplog.at_level(logging.WARNING):
        assert queue.take(["sleep"], 2_000) == []
    (record,) = caplog.records
    assert "left out: 1000, " in record.getMessage()


def test_a_url_names_the_file_of_a_queue(tmp_path: Path) -> None:
    folder = tmp_path / "a folder, 50% full?"
    folder.mkdir()
    settings = Settings(data_dir=folder)
    opened = open_queue(settings.queue_url)
    opened.send([("sleep", 0, message(1))])
    opened.close()
    assert settings.queue_db.exists()


@pytest.mark.parametrize(
    "url", ["", "queue.db", "/data/queue.db", "sqlite://", "sqlite://host/queue.db", "redis://h/0"]
)
def test_a_url_of_another_kind_opens_no_queue(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///"):
        open_queue(url)
