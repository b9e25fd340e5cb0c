"""The end of a long text: of a traceback and of a log, the end tells most."""

OMITTED = "[…]\n"
"""What stands in place of the beginning."""


def tail(text: str, most: int) -> str:
    """Return the end of a text, at most `most` bytes of UTF-8 that begin with a line if the text has lines.

    A text that is cut begins with OMITTED.
    """
    data = text.encode(errors="replace")
    if len(data) <= most:
        return text
    kept = data[-(most - len(OMITTED.encode())) :].decode(errors="ignore")
    first, end, rest = kept.partition("\n")
    return OMITTED + (rest if end and len(first) < len(kept) // 2 else kept)
