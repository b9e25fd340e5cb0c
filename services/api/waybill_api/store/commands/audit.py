"""Append to the audit log."""

from waybill.domain.audit import Deed
from waybill_api.store.tables import audit
from waybill_api.store.writing.unit import Unit


def record(unit: Unit, deed: Deed) -> None:
    """Append a line."""
    audit.insert(unit.connection, deed, unit.now)
