"""What keeps a queue in the contract tests, and how a stranger writes to it."""

from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any, Protocol
from urllib.parse import quote

from throwaway.cluster import Cluster
from waybill.queue.opening import open_queue
from waybill.queue.queue import Queue


class Backend(Protocol):
    """One backend, emptied before each test."""

    url: str

    def open(self) -> Queue:
        """Open the queue once more, as another process does."""

    def put_raw(self, *data: bytes, route: str = "sleep", priority: int = 0) -> None:
        """Put data of a stranger's making on the queue."""

    def lose_all(self) -> None:
        """Lose everything, as if it had never been there."""


class SqliteBackend:
    """A file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{quote(str(path))}"

    def open(self) -> Queue:
        return open_queue(self.url)

    def put_raw(self, *data: bytes, route: str = "sleep", priority: int = 0) -> None:
        self.open().close()
        rows = [(route, one, priority) for one in data]
        with closing(connect(self.path)) as connection, connection:
            connection.executemany("insert into task (queue, data, priority) values (?, ?, ?)", rows)

    def lose_all(self) -> None:
        self.path.unlink(missing_ok=True)


class RedisBackend:
    """A Redis server."""

    def __init__(self, url: str) -> None:
        import redis  # noqa: PLC0415 - it may be missing

        self.url = url
        self.client: Any = redis.Redis.from_url(url)

    def open(self) -> Queue:
        return open_queue(self.url)

    def put_raw(self, *data: bytes, route: str = "sleep", priority: int = 0) -> None:
        key = f"{{waybill}}:messages:{route}"
        self.client.zadd(key, {b"%016d" % number + one: -priority for number, one in enumerate(data)})
        self.client.sadd("{waybill}:routes", route)

    def lose_all(self) -> None:
        self.client.flushall()


class PostgresqlBackend:
    """A PostgreSQL server."""

    def __init__(self, server: Cluster) -> None:
        self.server = server
        self.url = server.url

    def open(self) -> Queue:
        return open_queue(self.url)

    def put_raw(self, *data: bytes, route: str = "sleep", priority: int = 0) -> None:
        made = self.open()
        made.routes()
        made.close()
        sql = "INSERT INTO waybill_queue (route, priority, data) SELECT %s, %s, unnest(%s::bytea[])"
        self.execute(sql, route, priority, list(data))

    def lose_all(self) -> None:
        self.execute("DROP TABLE IF EXISTS waybill_queue, waybill_queue_generation")

    def execute(self, sql: str, *values: object) -> list[Any]:
        """Execute a statement on a connection of its own, and return its rows."""
        import psycopg  # noqa: PLC0415 - it may be missing

        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []
