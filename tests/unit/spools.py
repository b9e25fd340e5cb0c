"""What lies in the spool of somebody else: read, and closed at once, since Python 3.13 warns of what stays open."""

from contextlib import closing
from pathlib import Path

from waybill.delivery.spool import Parcel, Spool


def kept(path: Path) -> list[Parcel]:
    """Return all of its parcels."""
    with closing(Spool(path)) as spool:
        return spool.first(1_000_000)


def dead_letters(path: Path) -> list[tuple[str, str]]:
    """Return its dead letters, each a reason and a text."""
    with closing(Spool(path)) as spool:
        return spool.dead_letters()
