"""Which Waybill this is."""

VERSION = "0.1.0"
"""By Semantic Versioning; `setup.cfg` takes it from here."""
