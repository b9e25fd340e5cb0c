"""Waybill on the wire: what is accepted (pydantic models), and how it is written (plain dicts)."""
