"""Remove what is kept for a limited time only."""

from waybill_api.store.tables import audit, idempotency, sessions, workers
from waybill_api.store.writing.unit import Unit

GONE_WORKERS_KEPT = 7 * 24 * 3_600_000
DEEDS_KEPT = 400 * 24 * 3_600_000


def prune(unit: Unit) -> None:
    """Forget old Idempotency-Keys, workers, sessions and lines of the audit log."""
    idempotency.forget(unit.database, unit.now)
    workers.forget(unit.connection, unit.now - GONE_WORKERS_KEPT)
    sessions.forget(unit.connection, unit.now)
    audit.forget(unit.connection, unit.now - DEEDS_KEPT)
