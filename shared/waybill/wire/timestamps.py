"""Times on the wire: RFC 3339, UTC, to the millisecond."""

from datetime import UTC, datetime, timedelta
from typing import overload

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@overload
def rfc3339(milliseconds: int) -> str: ...
@overload
def rfc3339(milliseconds: None) -> None: ...


def rfc3339(milliseconds: int | None) -> str | None:
    """Write milliseconds since the epoch as `2026-01-31T09:30:00.250Z`; None stays None."""
    if milliseconds is None:
        return None
    seconds, rest = divmod(milliseconds, 1_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def milliseconds_of(moment: datetime) -> int:
    """Return the milliseconds from the epoch to an aware datetime."""
    return (moment - EPOCH) // timedelta(milliseconds=1)
