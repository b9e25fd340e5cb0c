"""Every query on `audit`."""

import json

from waybill.domain.audit import Deed
from waybill_api.store.engine.database import Connection

PAGE = """
    SELECT audit_id, at, who, action, target, address, outcome, details FROM audit
     WHERE audit_id < ? ORDER BY audit_id DESC LIMIT ?
"""
NEWEST = 2**63 - 1


def insert(connection: Connection, deed: Deed, now: int) -> None:
    """Append a line."""
    details = json.dumps(deed.details, ensure_ascii=False, separators=(",", ":"))
    connection.execute(
        "INSERT INTO audit (at, who, action, target, address, outcome, details) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (now, deed.who, deed.action, deed.target, deed.address, deed.outcome, details),
    )


def page(connection: Connection, before: int | None, limit: int) -> list[Deed]:
    """Return up to `limit` lines before a number, newest first."""
    rows = connection.execute(PAGE, (NEWEST if before is None else before, limit))
    return [
        Deed(
            audit_id=audit_id,
            at=at,
            who=who,
            action=action,
            target=target,
            address=address,
            outcome=outcome,
            details=json.loads(details),
        )
        for audit_id, at, who, action, target, address, outcome, details in rows
    ]


def forget(connection: Connection, before: int) -> None:
    """Forget what happened before that time."""
    connection.execute("DELETE FROM audit WHERE at < ?", (before,))
