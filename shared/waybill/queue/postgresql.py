"""The queue on PostgreSQL: a table that is not logged, from which each taker deletes what no other has locked."""

import contextlib
import secrets
import select
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.waiting import Ready, Wait

from waybill.queue.errors import ConnectionLost, QueueUnavailable, QueueUnusable
from waybill.queue.message import Message
from waybill.queue.queue import MESSAGE_CAP, ROUTE_CAP
from waybill.queue.server_queue import ANSWER_SECONDS, ServerQueue
from waybill.queue.url import shown, without_password

# Not logged: a crash of the server empties both tables together, and then all messages are sent again.
CREATE = """
SELECT pg_advisory_xact_lock(hashtext('waybill_queue'));
CREATE UNLOGGED TABLE IF NOT EXISTS waybill_queue (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    route text COLLATE "C" NOT NULL,
    priority smallint NOT NULL,
    data bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX IF NOT EXISTS waybill_queue_in_order ON waybill_queue (route, priority DESC, number);
CREATE UNLOGGED TABLE IF NOT EXISTS waybill_queue_generation (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    value text NOT NULL
);
"""

EXISTS = "SELECT to_regclass('waybill_queue') IS NOT NULL AND to_regclass('waybill_queue_generation') IS NOT NULL"

SEND = """
INSERT INTO waybill_queue (route, priority, data)
SELECT route, priority, data
FROM unnest(%s::text[], %s::smallint[], %s::bytea[]) WITH ORDINALITY AS sent (route, priority, data, place)
ORDER BY place
"""

TAKE = """
WITH chosen AS (
    SELECT first.number
    FROM unnest(%s::text[], %s::float8[]) AS wanted (route, floor)
    CROSS JOIN LATERAL (
        SELECT number, priority FROM waybill_queue AS queued
        WHERE queued.route = wanted.route AND queued.priority > wanted.floor
        ORDER BY queued.priority DESC, queued.number LIMIT %s FOR UPDATE SKIP LOCKED
    ) AS first
    ORDER BY first.priority DESC, first.number LIMIT %s
)
DELETE FROM waybill_queue AS queued USING chosen WHERE queued.number = chosen.number
RETURNING queued.number, queued.route, queued.priority, substring(queued.data FROM 1 FOR %s)
"""

TAKE_BACK = """
DELETE FROM waybill_queue AS queued USING (
    SELECT number FROM waybill_queue WHERE route = %s
    ORDER BY priority, number DESC LIMIT %s FOR UPDATE SKIP LOCKED
) AS last
WHERE queued.number = last.number RETURNING substring(queued.data FROM 1 FOR %s)
"""

GENERATION = "SELECT value FROM waybill_queue_generation"
NEW_GENERATION = "INSERT INTO waybill_queue_generation (value) VALUES (%s) ON CONFLICT DO NOTHING"


def open_server(url: str) -> ServerQueue:
    """Return the queue on a PostgreSQL, which need not be there yet. Raises QueueUnusable for options of no sense."""
    try:
        conninfo_to_dict(url)
    except psycopg.Error as error:
        raise QueueUnusable(f"WAYBILL_QUEUE_URL ({shown(url)}): {without_password(str(error), url)}") from None
    return ServerQueue(url, PostgresqlStorage)


class PostgresqlStorage:
    """A connection to PostgreSQL; not Huey's storage, which takes one message at a time and waits without an end."""

    def __init__(self, url: str) -> None:
        """Connect, and make the tables if they are missing. Raises QueueUnavailable."""
        with _told():
            self._connection = _Bounded.connect(
                url,
                autocommit=True,
                connect_timeout=int(ANSWER_SECONDS),
                application_name="waybill queue",
                client_encoding="utf8",
                # A pooler between may hand each statement to another connection.
                prepare_threshold=None,
            )
        try:
            with _told():
                # To compile the statements takes longer than to execute them.
                self._connection.execute("SET jit = off")
                if not self._rows(EXISTS)[0][0]:
                    self._connection.execute(CREATE)
        except QueueUnavailable:
            self.close()
            raise

    def cautions(self) -> list[str]:
        """Return nothing: no setting of the server harms a queue."""
        return []

    def generation(self) -> str:
        """Return a random value that vanishes together with the messages."""
        with _told():
            found = self._rows(GENERATION)
            if not found:
                self._connection.execute(NEW_GENERATION, (secrets.token_hex(16),))
                found = self._rows(GENERATION)
        return str(found[0][0]) if found else ""

    def send(self, messages: Sequence[tuple[str, int, Message]]) -> None:
        """Put messages on the queue in one step."""
        routes, priorities, sent = zip(*messages, strict=True)
        with _told():
            self._connection.execute(SEND, (list(routes), list(priorities), [message.encode() for message in sent]))

    def take(self, floors: Mapping[str, float], limit: int) -> list[tuple[bytes, bytes, float]]:
        """Remove up to `limit` messages, first by priority, then by age."""
        with _told():
            # The driver takes no list of whole numbers and others.
            least = [float(floor) for floor in floors.values()]
            rows = self._rows(TAKE, (list(floors), least, limit, limit, MESSAGE_CAP))
        in_order = sorted(rows, key=lambda row: (-row[2], row[0]))
        return [(route.encode(), data, priority) for _, route, priority, data in in_order]

    def routes(self) -> list[bytes]:
        """Return the routes that have messages."""
        with _told():
            rows = self._rows(
                "SELECT DISTINCT left(route, %s) FROM waybill_queue WHERE route IS NOT NULL", (ROUTE_CAP,)
            )
        return [route.encode() for (route,) in rows]

    def contents(self) -> list[tuple[int, bytes, bytes]]:
        """Return every message."""
        # A table of a stranger's making may hold anything.
        sql = (
            "SELECT number, left(coalesce(route, ''), %s), substring(data FROM 1 FOR %s) FROM waybill_queue "
            "ORDER BY number"
        )
        with _told():
            rows = self._rows(sql, (ROUTE_CAP, MESSAGE_CAP))
        return [(number, route.encode(), data) for number, route, data in rows]

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove messages by their numbers."""
        with _told():
            self._connection.execute("DELETE FROM waybill_queue WHERE number = ANY(%s)", (list(numbers),))

    def take_back(self, route: str, limit: int) -> list[bytes]:
        """Remove up to `limit` messages of a route, the last by priority and age."""
        with _told():
            return [data for (data,) in self._rows(TAKE_BACK, (route, limit, MESSAGE_CAP))]

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(psycopg.Error, OSError):
            self._connection.close()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        rows: list[Any] = self._connection.execute(sql, values or None).fetchall()
        return rows


class _Bounded(psycopg.Connection):  # type: ignore[misc]  # the driver's types are not read: it may be missing
    """A connection that waits for no answer longer than ANSWER_SECONDS; the driver itself would wait without an end."""

    def wait(self, generator: Any, *arguments: Any, **named: Any) -> Any:
        """Do what the generator does between the moments at which it waits for the socket, and return what it does."""
        deadline = time.monotonic() + ANSWER_SECONDS
        poll = select.poll()
        try:
            wanted = next(generator)
            while True:
                events = (select.POLLIN if wanted & Wait.R else 0) | (select.POLLOUT if wanted & Wait.W else 0)
                poll.register(self.fileno(), events)
                found = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
                if not found:
                    raise _NoAnswer
                came = found[0][1]
                # An error is read as the end of the connection.
                ready = (Ready.R if came & ~select.POLLOUT else 0) | (Ready.W if came & select.POLLOUT else 0)
                wanted = generator.send(Ready(ready))
        except StopIteration as end:
            return end.value


class _NoAnswer(psycopg.OperationalError):  # type: ignore[misc]
    """The server has not answered in time."""


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Raise the errors of the driver as the queue's own."""
    try:
        yield
    except (_NoAnswer, errors.ConnectionTimeout):
        raise QueueUnavailable(f"no answer within {ANSWER_SECONDS:g} s") from None
    except errors.UndefinedTable as error:
        # A new connection makes the tables.
        raise ConnectionLost(_said(error)) from None
    except psycopg.OperationalError as error:
        raise ConnectionLost(_said(error)) from None
    except psycopg.Error as error:
        raise QueueUnavailable(_said(error)) from None


def _said(error: Any) -> str:
    """Return the message alone, without the statement that the driver quotes."""
    return str(error.diag.message_primary or error)
