"""The end of a long text: of a traceback and of a log, the end tells most."""

OMITTED = "[…]\n"
"""What stands in place of the beginning."""

LOG_CAP = 32 * 1024
"""How large the log of a run may be, in bytes of UTF-8."""


def tail(text: str, most: int, omitted: str = OMITTED) -> str:
    """Return the end of a text, at most `most` bytes of UTF-8 that begin with a line if the text has lines.

    A text that is cut begins with `omitted`.
    """
    data = text.encode(errors="replace")
    if len(data) <= most:
        return text
    return omitted + from_line(data[-(most - len(omitted.encode())) :].decode(errors="ignore"))


def from_line(text: str) -> str:
    """Return a text without its first line, which is incomplete; if that is most of the text, return all of it."""
    first, end, rest = text.partition("\n")
    return rest if end and len(first) < len(text) // 2 else text
