"""What anybody may write into the queue file harms nothing: no code runs, and no good message is lost."""

import json
import pickle
import random
import sqlite3
from pathlib import Path
from uuid import uuid4

from tests.acceptance.instance import Instance, wait_until

MESSAGES = 1_000


class Bomb:
    """What an attacker would pickle: it makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def poison(number: int, chance: random.Random, bomb: Path) -> object:
    """Return something that is no message of a task that exists."""
    kinds: tuple[object, ...] = (
        pickle.dumps(Bomb(bomb)),
        b"cos\nsystem\n(S'touch " + str(bomb).encode() + b"'\ntR.",
        chance.randbytes(chance.randrange(1, 300)),
        b"",
        b"{" * 2_000,
        b"[" * 100_000,
        b"x" * 1_000_000,
        "text, no bytes",
        number,
        json.dumps({"task_id": str(uuid4()), "run": 1}).encode(),
        json.dumps({"task_id": str(uuid4()), "run": 2**62}).encode(),
        json.dumps({"task_id": "../../etc/passwd", "run": 1}).encode(),
        json.dumps({"task_id": 5, "run": "1"}).encode(),
        json.dumps({"task_id": "\ud800", "run": 1}).encode(),
        json.dumps([]).encode(),
        b'{"task_id": null, "run": NaN}',
    )
    return kinds[number % len(kinds)]


def test_a_thousand_poison_messages_among_a_thousand_good_ones(instance: Instance) -> None:
    instance.start_api()
    task_ids = instance.create_many(MESSAGES, processing_time=0)
    bomb = instance.folder / "the-bomb-has-run"
    chance = random.Random(7)

    def rows() -> list[tuple[str, object, float]]:
        found: list[tuple[str, object, float]] = connection.execute("SELECT queue, data, priority FROM task").fetchall()
        return found

    connection = sqlite3.connect(instance.data / "queue.db", timeout=30)
    wait_until(lambda: len(rows()) == MESSAGES, "all messages on the queue")
    mixed = rows() + [("sleep", poison(number, chance, bomb), 0) for number in range(MESSAGES)]
    chance.shuffle(mixed)
    with connection:
        connection.execute("DELETE FROM task")
        connection.executemany("INSERT INTO task (queue, data, priority) VALUES (?, ?, ?)", mixed)

    worker = instance.start_worker()
    tasks = instance.ended(task_ids)
    wait_until(lambda: not rows(), "an empty queue")
    connection.close()
    assert {(task["status"], task["attempt"], task["run"]) for task in tasks.values()} == {(3, 1, 1)}
    assert not bomb.exists()
    assert worker.is_running
    # The first heartbeat may come after the last task.
    wait_until(lambda: len(instance.get("/workers")) == 1, "the worker's heartbeat")
    later = instance.create(0)
    assert instance.ended([later])[later]["status"] == 3
    assert worker.is_running
