"""Logs: each record is one line on standard error, whatever it contains."""

import logging
from datetime import UTC, datetime

ESCAPED = {
    code: ascii(chr(code))[1:-1]
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""Control characters, line and paragraph separators and bidirectional overrides, as Python writes them in a string."""

QUIET = ("asyncio", "peewee", "urllib3")
"""Libraries that log every statement or request at level debug, some with secrets."""

TOLD_BY_CALLERS = ("urllib3.connection",)
"""Libraries that log an error (an answer that was cut off) with a traceback, and also raise it."""


LINE_CAP = 8_192
"""How many characters of a message and of a traceback are logged; escapes may lengthen the line."""


class LineFormatter(logging.Formatter):
    """Formats a record as `TIME LEVEL logger [action] message`, with the time in RFC 3339, UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; a traceback follows the message with its line ends escaped."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        action = getattr(record, "action", None)
        parts = [time, record.levelname, record.name, *([] if action is None else [f"[{action}]"])]
        parts.append(shortened(record.getMessage()))
        if record.exc_info:
            parts.append(shortened(self.formatException(record.exc_info)))
        if record.stack_info:
            parts.append(shortened(self.formatStack(record.stack_info)))
        return " ".join(parts).translate(ESCAPED)


def shortened(text: str, most: int = LINE_CAP) -> str:
    """Return a text of about `most` characters at most, without the middle of a longer one."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} [{len(text) - most:,} characters left out] {text[-(most // 2) :]}"


def configure(level: str) -> None:
    """Send records of this level (such as `info`) and above to standard error; a second call replaces the first."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    for former in [one for one in root.handlers if isinstance(one.formatter, LineFormatter)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.INFO if root.level < logging.INFO else logging.NOTSET)
    for name in TOLD_BY_CALLERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.captureWarnings(True)
