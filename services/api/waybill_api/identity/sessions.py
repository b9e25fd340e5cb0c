"""Sessions: who is logged in, by a cookie whose content only the browser has."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from tornado.httputil import parse_cookie

from waybill.domain.account import Account, Session
from waybill_api.store import commands, tables
from waybill_api.store.store import Store

HOUR = 3_600_000
LIFETIME = 7 * 24 * HOUR
"""Milliseconds after which a session ends, however busy."""
IDLE = 12 * HOUR
"""Milliseconds without a request after which it ends."""
TOUCHED_EVERY = 60_000
"""Milliseconds between two notes that a session is in use."""

ID_BYTES = 32
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Hosts to which a cookie may go over plain HTTP; browsers know them by these names."""

XSRF_HEADER = "X-Xsrf-Token"


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(self, store: Store) -> None:
        """Take the store of the sessions."""
        self._store = store
        self._touching: set[asyncio.Task[None]] = set()

    async def open(self, account: Account) -> str:
        """Open a session with a fresh id, and return the id. Raises AccountNotFound if the account has changed."""
        identity = secrets.token_urlsafe(ID_BYTES)
        await self._store.insist(commands.accounts.open_session, account, digest_of(identity), LIFETIME)
        return identity

    async def renew(self, account: Account, changes: Mapping[str, Any]) -> str:
        """Change an account, end its sessions, and return the id of a fresh one. Raises AccountNotFound as `open`."""
        identity = secrets.token_urlsafe(ID_BYTES)
        await self._store.insist(commands.accounts.renew_session, account, changes, digest_of(identity), LIFETIME)
        return identity

    def find(self, headers: Mapping[str, str]) -> Session | None:
        """Return the session of a request; None if it has none, or one that has ended."""
        identity = identity_in(headers)
        return None if identity is None else self._running(digest_of(identity))

    async def close(self, session: Session) -> None:
        """End a session."""
        await self._store.insist(commands.accounts.close_session, session.digest)

    def _running(self, digest: str) -> Session | None:
        session = self._store.look_up(tables.sessions.get, digest)
        now = self._store.clock.now()
        if session is None or now >= session.expires_at or now >= session.seen_at + IDLE:
            return None
        if now >= session.seen_at + TOUCHED_EVERY and not self._touching:
            touch = self._store.insist(commands.accounts.touch_session, digest)
            touching = asyncio.get_running_loop().create_task(touch)
            self._touching.add(touching)
            touching.add_done_callback(self._touched)
        return session

    def _touched(self, touching: "asyncio.Task[None]") -> None:
        """Ignore a full disk, which only makes the session end a little earlier."""
        self._touching.discard(touching)
        if not touching.cancelled():
            touching.exception()


def digest_of(identity: str) -> str:
    """Return the form in which the store keeps a session's id."""
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()


def xsrf_token(identity: str) -> str:
    """Return the token that pages of this session send with each change; pages of other sites cannot read it."""
    return hmac.new(identity.encode("utf-8", "surrogateescape"), b"xsrf", hashlib.sha256).hexdigest()


def has_xsrf_token(headers: Mapping[str, str], given: str) -> bool:
    """Return whether that token belongs to the session of a request."""
    identity = identity_in(headers)
    return identity is not None and is_same(given, xsrf_token(identity))


def is_same(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))


def identity_in(headers: Mapping[str, str]) -> str | None:
    """Return the session's id in a request; None if there is none."""
    return cookie_in(headers, session_cookie(headers))


def cookie_in(headers: Mapping[str, str], name: str) -> str | None:
    """Return the content of a cookie of a request; None if it is empty or missing."""
    given = headers.get("Cookie")
    return (given and parse_cookie(given).get(name)) or None


def is_secure(headers: Mapping[str, str]) -> bool:
    """Return whether cookies may only travel encrypted: always, except to this machine itself."""
    host = headers.get("Host", "").lower()
    return (host if host.endswith("]") else host.rpartition(":")[0] or host) not in LOOPBACK


def session_cookie(headers: Mapping[str, str]) -> str:
    """Return the name of the cookie that holds the session's id."""
    return _named("waybill-session", headers)


def xsrf_cookie(headers: Mapping[str, str]) -> str:
    """Return the name of the cookie from which pages read the token."""
    return _named("waybill-xsrf", headers)


def browser_cookie(headers: Mapping[str, str]) -> str:
    """Return the name of the cookie that identifies a browser which has logged in before."""
    return _named("waybill-browser", headers)


def _named(name: str, headers: Mapping[str, str]) -> str:
    """Return a cookie's name: bound to its host or, on this machine, to its port, which browsers ignore otherwise."""
    if is_secure(headers):
        return f"__Host-{name}"
    host = headers.get("Host", "")
    port = "" if host.endswith("]") else host.rpartition(":")[2]
    return f"{name}-{port}" if port.isdigit() else name
