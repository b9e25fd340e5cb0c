"""The queue on Redis: one sorted set for each route, emptied in bulk by a script."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.retry import Retry

from waybill.queue import redis_scripts as scripts
from waybill.queue.errors import ConnectionLost, QueueUnavailable, QueueUnusable
from waybill.queue.message import Message
from waybill.queue.queue import MESSAGE_CAP, ROUTE_CAP
from waybill.queue.server_queue import ANSWER_SECONDS, ServerQueue
from waybill.queue.url import shown, without_password

CHECKS = frozenset({"none", "optional", "required"})
"""How much of a server's certificate is checked."""

EVICTS = (
    "Redis evicts keys once its memory is full (maxmemory-policy %s): evicted messages are sent again, "
    "but late; set maxmemory-policy noeviction, or give the queue a Redis of its own"
)
FORGETS = (
    "Redis writes nothing to disk (save and appendonly are off): after each of its starts, all messages are sent again"
)


def open_server(url: str) -> ServerQueue:
    """Return the queue on a Redis, which need not be there yet. Raises QueueUnusable for options of no sense."""
    try:
        _client(url).close()
        _check_tls(parse_qs(urlsplit(url).query))
    except (OSError, RedisError, TypeError, ValueError) as error:
        raise QueueUnusable(f"WAYBILL_QUEUE_URL ({shown(url)}): {without_password(str(error), url)}") from None
    return ServerQueue(url, RedisStorage)


def _check_tls(options: Mapping[str, Sequence[str]]) -> None:
    """Read the files for TLS, which the driver would not name. Raises OSError, ValueError."""
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        for file in options.get(name, ()):
            Path(file).read_bytes()
    if not set(options.get("ssl_cert_reqs", ())) <= CHECKS:
        raise ValueError(f"ssl_cert_reqs is one of {', '.join(sorted(CHECKS))}")


class RedisStorage:
    """A connection to Redis; not Huey's storage, which takes one message at a time from one queue."""

    def __init__(self, url: str) -> None:
        """Connect. Raises QueueUnavailable."""
        self._client = _client(url)
        self._send = self._client.register_script(scripts.SEND)
        self._take = self._client.register_script(scripts.TAKE)
        self._waiting = self._client.register_script(scripts.WAITING)
        self._generation = self._client.register_script(scripts.GENERATION)
        try:
            with _told():
                self._about: dict[str, Any] = _about(self._client)
        except QueueUnavailable:
            self.close()
            raise

    def cautions(self) -> list[str]:
        """Return what is wrong with this Redis although it works."""
        cautions = []
        policy = self._about.get("maxmemory_policy", "noeviction")
        if self._about.get("maxmemory") and policy != "noeviction":
            cautions.append(EVICTS % policy)
        # Not everybody may ask for the configuration.
        with contextlib.suppress(QueueUnavailable), _told():
            if not self._about.get("aof_enabled") and not any(self._client.config_get("save").values()):
                cautions.append(FORGETS)
        return cautions

    def generation(self) -> str:
        """Return the value of a random key and the id of the server's life: a start may bring back an older state."""
        with _told():
            found = self._generation([scripts.ROUTES], [secrets.token_hex(16)])
        return str(found.decode(errors="replace"))

    def send(self, messages: Sequence[tuple[str, int, Message]]) -> None:
        """Put messages on the queue in one step."""
        rows = [part for route, priority, message in messages for part in (route, -priority, message.encode())]
        with _told():
            self._send([scripts.ROUTES], rows)

    def take(self, floors: Mapping[str, float], limit: int) -> list[tuple[bytes, bytes, float]]:
        """Remove up to `limit` messages, first by priority, then by age."""
        most = {route: "+inf" if floor == -inf else f"({-floor!r}" for route, floor in floors.items()}
        asked = [part for pair in most.items() for part in pair]
        with _told():
            rows = self._take([scripts.ROUTES], [limit, MESSAGE_CAP, *asked])
        return [(rows[at], rows[at + 1], float(rows[at + 2])) for at in range(0, len(rows), 3)]

    def routes(self) -> list[bytes]:
        """Return the routes that have messages."""
        with _told():
            return [route[:ROUTE_CAP] for route in self._waiting([scripts.ROUTES])]

    def contents(self) -> list[tuple[int, bytes, bytes]]:
        """Return every message; those that come or go meanwhile may be among them or not."""
        return [
            (int(member[: scripts.DIGITS]), route[:ROUTE_CAP], member[scripts.DIGITS :][:MESSAGE_CAP])
            for route, member in self._members()
        ]

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove messages by their numbers."""
        unwanted = set(numbers)
        found = [(route, member) for route, member in self._members() if int(member[: scripts.DIGITS]) in unwanted]
        with _told(), self._client.pipeline(transaction=False) as pipeline:
            for route, member in found:
                pipeline.zrem(_key(route), member)
            pipeline.execute()

    def take_back(self, route: str, limit: int) -> list[bytes]:
        """Remove up to `limit` messages of a route, the last by priority and age."""
        with _told():
            found = self._client.zpopmax(_key(route.encode()), limit)
        return [member[scripts.DIGITS :][:MESSAGE_CAP] for member, _ in found]

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(RedisError, OSError):
            self._client.close()

    def _members(self) -> list[tuple[bytes, bytes]]:
        """Return (route, member) of every message that has a number."""
        with _told(), self._client.pipeline(transaction=False) as pipeline:
            routes = self._waiting([scripts.ROUTES])
            for route in routes:
                pipeline.zrange(_key(route), 0, -1)
            answers = pipeline.execute(raise_on_error=False)
        lists = [(route, members) for route, members in zip(routes, answers, strict=True) if isinstance(members, list)]
        found = [(route, one) for route, members in lists for one in members if one[: scripts.DIGITS].isdigit()]
        return sorted(found, key=lambda pair: int(pair[1][: scripts.DIGITS]))


def _client(url: str) -> Any:
    return redis.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        # The queue itself decides what is tried again, and when.
        retry=Retry(NoBackoff(), 0),
    )


def _about(client: Any) -> dict[str, Any]:
    """Return what the server says of itself, nothing if we may not ask."""
    try:
        return dict(client.info())
    except NoPermissionError:
        return {}


def _key(route: bytes) -> bytes:
    return scripts.MESSAGES.encode() + route


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Raise the errors of the driver as the queue's own."""
    try:
        yield
    except redis.TimeoutError:
        raise QueueUnavailable(f"no answer within {ANSWER_SECONDS:g} s") from None
    except AuthenticationError as error:
        raise QueueUnavailable(f"it refuses the user or the password of WAYBILL_QUEUE_URL ({error})") from None
    except redis.ConnectionError as error:
        raise ConnectionLost(str(error)) from None
    except (RedisError, OSError) as error:
        raise QueueUnavailable(str(error)) from None
