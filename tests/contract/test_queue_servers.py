"""What the queue on a server promises beside the contract: whatever its server does, it fails in time and goes on."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import needs
from tests.contract.backends import PostgresqlBackend, RedisBackend
from throwaway import redis_server
from throwaway.redis_server import RedisServer
from waybill.queue.errors import QueueUnavailable, QueueUnusable
from waybill.queue.message import Message, RoutedMessage
from waybill.queue.opening import open_queue
from waybill.queue.queue import Queue

REDIS = pytest.mark.xdist_group("redis")
POSTGRESQL = pytest.mark.xdist_group("postgresql")
DEADLINE = 60.0
PASSWORD = "pass%40word/of?ours"
SHOWN = "pass@word"


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Return a function that starts a Redis of the test's own, with the options given."""
    needs.require_server(redis_server.missing())
    servers: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        servers.append(RedisServer(tmp_path, *options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.end()


def message(number: int) -> Message:
    return Message(f"task-{number}", number)


def eventually(call: Callable[[], object]) -> None:
    """Repeat a call until the queue is available."""
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            call()
        except QueueUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def unavailable(call: Callable[[], object]) -> str:
    """Return the one line of a call that fails since the queue is unavailable."""
    with pytest.raises(QueueUnavailable) as raised:
        call()
    said = str(raised.value)
    assert "\n" not in said
    return said


@REDIS
def test_a_redis_that_is_not_there_yet_is_named_and_used_once_it_is(tmp_path: Path) -> None:
    needs.require_server(redis_server.missing())
    server = RedisServer(tmp_path)
    queue = open_queue(server.url)
    said = unavailable(lambda: queue.send([("a", 0, message(1))]))
    assert said.startswith(f"{server.url}: ")
    assert "refused" in said
    assert unavailable(queue.routes) == said, "a second call right after it does not even try"
    server.start()
    try:
        eventually(lambda: queue.send([("a", 0, message(1))]))
        assert queue.contents() == {message(1)}
    finally:
        queue.close()
        server.end()


@REDIS
def test_a_redis_that_is_started_again_empty_is_a_new_generation(start_redis: Callable[..., RedisServer]) -> None:
    server = start_redis()
    queue = open_queue(server.url)
    queue.send([("a", 0, message(1))])
    before = queue.generation
    server.end()
    server.start()
    assert queue.generation != before, "the lost connection costs no call"
    assert queue.contents() == set()
    queue.close()


@REDIS
def test_a_redis_that_comes_back_with_an_older_state_is_a_new_generation(
    start_redis: Callable[..., RedisServer], tmp_path: Path
) -> None:
    server = start_redis("--save", "3600 1", "--dir", str(tmp_path))
    queue = open_queue(server.url)
    queue.send([("a", 0, message(1))])
    before = queue.generation
    server.end(signal.SIGTERM)
    server.start()
    assert queue.contents() == {message(1)}
    assert queue.generation != before
    queue.close()


@REDIS
def test_a_frozen_redis_costs_a_call_two_seconds_and_no_more(start_redis: Callable[..., RedisServer]) -> None:
    server = start_redis()
    queue = open_queue(server.url)
    queue.send([("a", 0, message(1))])
    os.kill(server.pid, signal.SIGSTOP)
    assert "no answer within 2 s" in unavailable(lambda: queue.take(["a"], 1))
    # Longer than the first pause between tries, during which a call only repeats what the last try said.
    time.sleep(0.2)
    assert "no answer within 2 s" in unavailable(lambda: queue.take(["a"], 1)), "nor does a new connection"
    os.kill(server.pid, signal.SIGCONT)
    eventually(lambda: queue.send([("b", 0, message(2))]))
    assert message(2) in queue.contents()
    queue.close()


@REDIS
def test_a_wrong_password_of_redis_is_told_without_it(start_redis: Callable[..., RedisServer]) -> None:
    server = start_redis("--requirepass", "another")
    for user in ("", f":{PASSWORD.replace('/', '%2F').replace('?', '%3F')}@"):
        queue = open_queue(server.url.replace("//", f"//{user}"))
        said = unavailable(queue.routes)
        assert said.startswith(f"{server.url}: it refuses the user or the password of WAYBILL_QUEUE_URL")
        assert SHOWN not in said
        queue.close()
    queue = open_queue(server.url.replace("//", "//:another@"))
    assert queue.routes() == set()
    queue.close()


@REDIS
def test_a_redis_that_evicts_or_keeps_nothing_is_told_once_and_works(
    start_redis: Callable[..., RedisServer], caplog: pytest.LogCaptureFixture
) -> None:
    forgetful = ("--save", "", "--appendonly", "no")
    server = start_redis("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru", *forgetful)
    queue = open_queue(server.url)
    with caplog.at_level(logging.WARNING):
        queue.send([("a", 0, message(1))])
        queue.close()
        assert queue.take(["a"], 1) == [RoutedMessage("a", 0, message(1))]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2, said
    assert "evicts" in said[0]
    assert "allkeys-lru" in said[0]
    assert "writes nothing to disk" in said[1]
    assert not [line for line in said if "\n" in line]
    queue.close()


@REDIS
def test_a_redis_that_keeps_what_it_has_is_no_reason_for_a_word(
    start_redis: Callable[..., RedisServer], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis("--appendonly", "yes", "--dir", str(tmp_path))
    queue = open_queue(server.url)
    assert queue.routes() == set()
    assert caplog.records == []
    queue.close()


@REDIS
def test_a_full_redis_takes_no_message_and_still_gives_them(start_redis: Callable[..., RedisServer]) -> None:
    server = start_redis()
    backend = RedisBackend(server.url)
    queue = backend.open()
    queue.send([("a", 0, message(1))])
    backend.client.config_set("maxmemory", "1")
    assert "maxmemory" in unavailable(lambda: queue.send([("a", 0, message(2))]))
    eventually(queue.routes)
    assert queue.take(["a"], 9) == [RoutedMessage("a", 0, message(1))]
    backend.client.config_set("maxmemory", "0")
    queue.send([("a", 0, message(3))])
    backend.client.close()
    queue.close()


@REDIS
@pytest.mark.parametrize("key", ["routes", "messages:a", "number", "generation"])
def test_keys_of_the_queue_that_a_stranger_has_written_are_made_anew(redis_backend: RedisBackend, key: str) -> None:
    redis_backend.lose_all()
    redis_backend.client.rpush(f"{{waybill}}:{key}", "something")
    queue = redis_backend.open()
    assert queue.generation == queue.generation
    queue.routes()
    assert queue.take(["a"], 1) == []
    queue.send([("a", 0, message(1)), ("a", 0, message(2))])
    assert queue.contents() == {message(1), message(2)}
    assert [one.message for one in queue.take(["a"], 10)] == [message(1), message(2)]
    queue.close()


@REDIS
@pytest.mark.parametrize("number", ["text", "9223372036854775807", "-5", "9007199254740993"])
def test_a_counter_of_a_stranger_s_making_keeps_no_message_from_being_read(
    redis_backend: RedisBackend, number: str
) -> None:
    redis_backend.lose_all()
    redis_backend.client.set("{waybill}:number", number)
    queue = redis_backend.open()
    queue.send([("a", 0, message(1)), ("a", 0, message(2))])
    assert [one.message for one in queue.take(["a"], 10)] == [message(1), message(2)]
    queue.close()


@REDIS
def test_an_evicted_route_is_no_route(redis_backend: RedisBackend) -> None:
    redis_backend.lose_all()
    queue = redis_backend.open()
    queue.send([("a", 0, message(1)), ("b", 0, message(2))])
    redis_backend.client.delete("{waybill}:messages:a")
    assert queue.routes() == {"b"}
    queue.close()


@POSTGRESQL
def test_a_crash_of_postgresql_is_a_new_generation(postgresql_backend: PostgresqlBackend) -> None:
    postgresql_backend.lose_all()
    queue = postgresql_backend.open()
    queue.send([("a", 0, message(1))])
    before = queue.generation
    postgresql_backend.server.crash()
    assert unavailable(queue.routes).startswith("postgresql:///postgres: ")
    postgresql_backend.server.start()
    eventually(queue.routes)
    assert queue.generation != before
    assert queue.contents() == set()
    queue.close()


@POSTGRESQL
def test_a_postgresql_that_is_stopped_in_good_order_keeps_its_messages(postgresql_backend: PostgresqlBackend) -> None:
    postgresql_backend.lose_all()
    queue = postgresql_backend.open()
    queue.send([("a", 0, message(1))])
    before = queue.generation
    postgresql_backend.server.end()
    postgresql_backend.server.start()
    assert queue.contents() == {message(1)}, "the lost connection costs no call"
    assert queue.generation == before
    queue.close()


@POSTGRESQL
def test_a_frozen_postgresql_costs_a_call_two_seconds_and_no_more(postgresql_backend: PostgresqlBackend) -> None:
    postgresql_backend.lose_all()
    queue = postgresql_backend.open()
    queue.send([("a", 0, message(1))])
    sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'waybill queue'"
    frozen = [postgresql_backend.server.pid, *(pid for (pid,) in postgresql_backend.execute(sql))]
    assert len(frozen) == 2
    try:
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        assert "no answer within 2 s" in unavailable(lambda: queue.take(["a"], 1))
        # Longer than the first pause between tries, during which a call only repeats what the last try said.
        time.sleep(0.2)
        assert "no answer within 2 s" in unavailable(lambda: queue.take(["a"], 1)), "nor does a new connection"
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: queue.send([("b", 0, message(2))]))
    assert message(2) in queue.contents()
    queue.close()


@POSTGRESQL
def test_a_wrong_password_of_postgresql_is_told_without_it(postgresql_backend: PostgresqlBackend) -> None:
    rules = postgresql_backend.server.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all guarded scram-sha-256\n{before}")
    postgresql_backend.execute("CREATE ROLE guarded LOGIN PASSWORD 'another'")
    postgresql_backend.execute("SELECT pg_reload_conf()")
    url = postgresql_backend.url.replace("demo@", "guarded:pass%40word@")
    queue = open_queue(url)

    def refused() -> bool:
        said = unavailable(queue.routes)
        assert SHOWN not in said
        assert "pass%40word" not in said
        return "password authentication failed" in said

    try:
        deadline = time.monotonic() + DEADLINE
        # The server reads its rules a moment later; until then the role lacks the right to make tables.
        while not refused():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        rules.write_text(before)
        postgresql_backend.execute("DROP ROLE guarded")
        postgresql_backend.execute("SELECT pg_reload_conf()")
        queue.close()


@POSTGRESQL
def test_a_role_without_rights_is_told_in_one_line(postgresql_backend: PostgresqlBackend) -> None:
    postgresql_backend.lose_all()
    postgresql_backend.execute("CREATE ROLE powerless LOGIN")
    queue = open_queue(postgresql_backend.url.replace("demo@", "powerless@"))
    try:
        assert unavailable(queue.routes) == "postgresql:///postgres: permission denied for schema public"
    finally:
        queue.close()
        postgresql_backend.execute("DROP ROLE powerless")


@POSTGRESQL
def test_tables_without_our_rules_harm_nobody(postgresql_backend: PostgresqlBackend) -> None:
    postgresql_backend.lose_all()
    queue = postgresql_backend.open()
    queue.send([("a", 0, message(1))])
    for column in ("route", "priority", "data"):
        postgresql_backend.execute(f"ALTER TABLE waybill_queue ALTER {column} DROP NOT NULL")
    postgresql_backend.execute("INSERT INTO waybill_queue (route) VALUES (NULL), ('a')")
    postgresql_backend.execute("INSERT INTO waybill_queue (route, priority) VALUES ('a', 0)")
    assert queue.routes() == {"a"}
    assert queue.contents() == {message(1)}
    assert queue.take(["a"], 10) == [RoutedMessage("a", 0, message(1))]
    assert queue.take_back("a", 10) == []
    queue.close()
    postgresql_backend.lose_all()


@POSTGRESQL
def test_a_table_of_another_shape_is_told_in_one_line(postgresql_backend: PostgresqlBackend) -> None:
    postgresql_backend.lose_all()
    postgresql_backend.execute("CREATE TABLE waybill_queue (something integer)")
    queue = postgresql_backend.open()
    assert "does not exist" in unavailable(queue.routes)
    queue.close()
    postgresql_backend.lose_all()


@POSTGRESQL
def test_processes_that_start_at_once_make_the_tables_once(postgresql_backend: PostgresqlBackend) -> None:
    postgresql_backend.lose_all()
    queues: list[Queue] = [postgresql_backend.open() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        generations = set(pool.map(lambda queue: queue.generation, queues))
    assert len(generations) == 1
    for queue in queues:
        queue.close()


@pytest.mark.parametrize(
    ("url", "driver"), [("redis://h/0", "redis"), ("unix:///socket", "redis"), ("postgresql://h/d", "psycopg")]
)
def test_a_missing_driver_is_told_with_what_brings_it(url: str, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = "redis" if driver == "redis" else "postgresql"
    monkeypatch.delitem(sys.modules, f"waybill.queue.{extra}", raising=False)
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(QueueUnusable, match=rf"is not installed: pip install 'waybill-tasks\[{extra}\]'"):
        open_queue(url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://h?db=x",
        "rediss://h?ssl_cert_reqs=perhaps",
        "rediss://h?ssl_ca_certs=/no/such/file.pem",
        "postgresql://h/d?nonsense=1",
        "postgresql://h/d?connect_timeout",
    ],
)
def test_an_option_of_no_sense_is_told_in_one_line(url: str) -> None:
    with pytest.raises(QueueUnusable) as raised:
        open_queue(url.replace("//", f"//user:{SHOWN.replace('@', '%40')}@"))
    assert "WAYBILL_QUEUE_URL" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert SHOWN not in str(raised.value)
    assert "pass%40word" not in str(raised.value)
