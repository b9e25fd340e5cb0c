"""Task ids: UUID version 7, each larger than the one before, even when the clock goes back or the API restarts."""

from uuid import UUID

from waybill.host.world import REAL, World


class Ids:
    """A source of ids: 48 bits of milliseconds, then a counter that starts at random in each (RFC 9562, 6.2)."""

    def __init__(self, last: str | None = None, world: World = REAL) -> None:
        """Continue after `last`, the largest id in use; None if there is none."""
        self._randbits = world.randbits
        self._last = _value(UUID(last)) if last else 0

    def draw(self, now: int) -> str:
        """Return the next id, as canonical text, of a task that is created at this time in milliseconds."""
        if now > self._last >> 74:
            self._last = now << 74 | self._randbits(73)
        else:
            self._last += 1 + self._randbits(32)
        return _text(self._last)


def _text(value: int) -> str:
    """Put 48 + 74 bits into the places that version and variant leave free."""
    time, high, low = value >> 74, value >> 62 & 0xFFF, value & (1 << 62) - 1
    digits = f"{time:012x}7{high:03x}{2 << 62 | low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _value(uuid: UUID) -> int:
    return uuid.int >> 80 << 74 | (uuid.int >> 64 & 0xFFF) << 62 | uuid.int & (1 << 62) - 1
