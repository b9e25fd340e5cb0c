"""Lengths of time in words; the page's script translates them into the reader's language."""

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


def length(milliseconds: int) -> str:
    """Return 350 ms, 4.2 s, 3 min 5 s or 2 h 10 min."""
    if milliseconds < SECOND:
        return f"{milliseconds} ms"
    if milliseconds < MINUTE:
        return f"{milliseconds / SECOND:.1f} s"
    if milliseconds < HOUR:
        return f"{milliseconds // MINUTE} min {milliseconds % MINUTE // SECOND} s"
    return f"{milliseconds // HOUR} h {milliseconds % HOUR // MINUTE} min"
