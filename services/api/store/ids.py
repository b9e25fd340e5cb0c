"""Task ids: UUID version 7, each larger than the one before, even when the clock goes back or the API restarts."""

from collections.abc import Callable
from secrets import randbits
from uuid import UUID


class Ids:
    """A source of ids: 48 bits of milliseconds, then a counter that starts at random in each (RFC 9562, 6.2)."""

    def __init__(self, now: Callable[[], int], last: str | None = None) -> None:
        """Continue after `last`, the largest id in use, where there is one."""
        self._now = now
        self._last = _value(UUID(last)) if last else 0

    def draw(self) -> str:
        """Return the next id, as canonical text."""
        fresh = self._now() << 74 | randbits(73)
        self._last = fresh if fresh > self._last else self._last + 1 + randbits(32)
        return str(_uuid(self._last))


def _uuid(value: int) -> UUID:
    """Put 48 + 74 bits into the places that version and variant leave free."""
    time, high, low = value >> 74, value >> 62 & 0xFFF, value & (1 << 62) - 1
    return UUID(int=time << 80 | 7 << 76 | high << 64 | 2 << 62 | low)


def _value(uuid: UUID) -> int:
    return uuid.int >> 80 << 74 | (uuid.int >> 64 & 0xFFF) << 62 | uuid.int & (1 << 62) - 1
