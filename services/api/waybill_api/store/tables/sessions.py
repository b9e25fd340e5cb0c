"""Every query on `sessions`."""

from waybill.domain.account import Role, Session
from waybill_api.store.engine.database import Connection

GET = """
    SELECT digest, account, role, sessions.created_at, expires_at, seen_at
      FROM sessions JOIN accounts ON accounts.name = account WHERE digest = ?
"""


def get(connection: Connection, digest: str) -> Session | None:
    """Return a session whose account exists; None if there is none. Plain SQL, since every request asks."""
    row = connection.execute(GET, (digest,)).fetchone()
    if row is None:
        return None
    digest, account, role, created_at, expires_at, seen_at = row
    return Session(
        digest=digest,
        account=account,
        role=Role(role),
        created_at=created_at,
        expires_at=expires_at,
        seen_at=seen_at,
    )


def insert(connection: Connection, digest: str, account: str, now: int, expires_at: int) -> None:
    """Add a session."""
    connection.execute(
        "INSERT INTO sessions (digest, account, created_at, expires_at, seen_at) VALUES (?, ?, ?, ?, ?)",
        (digest, account, now, expires_at, now),
    )


def touch(connection: Connection, digest: str, now: int) -> None:
    """Note that a session is in use."""
    connection.execute("UPDATE sessions SET seen_at = ? WHERE digest = ?", (now, digest))


def delete(connection: Connection, digest: str) -> None:
    """End a session."""
    connection.execute("DELETE FROM sessions WHERE digest = ?", (digest,))


def forget(connection: Connection, now: int) -> None:
    """Remove sessions that have ended."""
    connection.execute("DELETE FROM sessions WHERE expires_at <= ?", (now,))
