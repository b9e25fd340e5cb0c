"""What the queue promises, whatever keeps it: it may lose hints, but it never fails, lies or runs code."""

import json
import logging
import pickle
import threading
from pathlib import Path

import pytest

from tests.contract.backends import Backend
from waybill.queue.message import Message, RoutedMessage
from waybill.queue.queue import Queue


class Bomb:
    """What an attacker would pickle: it makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def message(number: int) -> Message:
    return Message(f"task-{number}", number)


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
    assert queue.take({"a": 0, "b": float("inf")}, 10) == []
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
    ],
)
def test_a_message_that_cannot_be_read_is_dropped_and_the_next_one_taken(
    queue: Queue, backend: Backend, data: bytes
) -> None:
    backend.put_raw(data)
    queue.send([("sleep", 0, message(1))])
    assert queue.contents() == {message(1)}
    assert queue.take(["sleep"], 10) == [RoutedMessage("sleep", 0, message(1))]
    assert queue.take(["sleep"], 10) == []


def test_a_pickle_on_the_queue_runs_nothing(queue: Queue, backend: Backend, tmp_path: Path) -> None:
    backend.put_raw(pickle.dumps(Bomb(tmp_path / "ran")))
    assert queue.take(["sleep"], 10) == []
    assert not (tmp_path / "ran").exists()


def test_fields_of_a_later_version_are_ignored(queue: Queue, backend: Backend) -> None:
    backend.put_raw(json.dumps({"task_id": "a", "run": 2, "colour": "red"}).encode())
    assert queue.take(["sleep"], 1) == [RoutedMessage("sleep", 0, Message("a", 2))]


ROUTES_OF_ANY_KIND = ["a-b", "ab", "a/b-c", "A_b", "r" * 200, "type/{stage}", "*"]


def test_routes_that_look_alike_are_two(queue: Queue) -> None:
    queue.send([(route, 0, message(number)) for number, route in enumerate(ROUTES_OF_ANY_KIND, 1)])
    assert queue.routes() == {*ROUTES_OF_ANY_KIND}
    for number, route in enumerate(ROUTES_OF_ANY_KIND, 1):
        assert queue.take([route], 10) == [RoutedMessage(route, 0, message(number))]
    assert queue.routes() == set()


def test_of_several_routes_the_first_are_taken_in_order(queue: Queue) -> None:
    sent = [(f"r{number % 7}", number * 31 % 11 - 5, message(number)) for number in range(1, 301)]
    queue.send(sent[:100])
    queue.send(sent[100:])
    wanted = sorted(sent, key=lambda one: -one[1])
    taken = [
        *queue.take([f"r{number}" for number in range(9)], 120),
        *queue.take([f"r{number}" for number in range(9)], 999),
    ]
    assert taken == [RoutedMessage(*one) for one in wanted]


def test_a_message_that_is_sent_twice_is_there_twice(queue: Queue) -> None:
    queue.send([("a", 0, message(1))] * 2)
    queue.send([("a", 0, message(1))])
    assert len(queue.queued()) == 3
    assert len(queue.take(["a"], 10)) == 3


def test_another_process_sees_what_was_sent(queue: Queue, backend: Backend) -> None:
    before = queue.generation
    queue.send([("a", 0, message(1))])
    other = backend.open()
    assert other.generation == before
    assert other.take(["a"], 1) == [RoutedMessage("a", 0, message(1))]
    assert queue.take(["a"], 1) == []
    assert queue.generation == before
    other.close()


def test_takers_never_share_a_message(backend: Backend) -> None:
    queues = [backend.open() for _ in range(3)]
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
    # Where others have locked what is left, a taker may find nothing and come again later.
    take_all(0)
    assert sorted(number for numbers in taken for number in numbers) == list(range(1, 601))
    for queue in queues:
        queue.close()


def test_a_loss_of_all_messages_is_noticed_on_both_sides(queue: Queue, backend: Backend) -> None:
    other = backend.open()
    queue.send([("a", 0, message(1))])
    generations = [queue.generation, other.generation]
    backend.lose_all()
    assert other.take(["a"], 1) == []
    assert queue.contents() == set()
    assert queue.generation != generations[0]
    assert other.generation != generations[1]
    queue.send([("a", 0, message(2))])
    assert other.take(["a"], 1) == [RoutedMessage("a", 0, message(2))]
    other.close()


def test_a_loss_is_noticed_without_any_other_call(queue: Queue, backend: Backend) -> None:
    before = queue.generation
    backend.lose_all()
    assert queue.generation != before
    assert queue.generation == queue.generation


def test_a_queue_that_was_closed_opens_again(queue: Queue) -> None:
    queue.send([("a", 0, message(1))])
    queue.close()
    assert queue.take(["a"], 1) == [RoutedMessage("a", 0, message(1))]


@pytest.mark.parametrize("priority", [32_000, -32_000])
def test_a_priority_beyond_all_that_counts_is_brought_back(queue: Queue, backend: Backend, priority: int) -> None:
    backend.put_raw(message(1).encode(), priority=priority)
    (letter,) = queue.take(["sleep"], 10)
    assert letter.priority == (1_000 if priority > 0 else -1_000)
    queue.send([letter])
    assert queue.take(["sleep"], 10) == [letter]


def test_a_thousand_messages_that_cannot_be_read_are_one_line_of_the_log(
    queue: Queue, backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    backend.put_raw(*[b"?"] * 1_000)
    assert queue.routes() == {"sleep"}
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert queue.take(["sleep"], 2_000) == []
    (record,) = caplog.records
    assert "left out: 1000, " in record.getMessage()
