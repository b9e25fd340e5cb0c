"""Text that cannot harm a terminal: control characters, and those that turn its direction, are shown as escapes."""

import json
import re
from typing import Any

UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Control characters, marks of direction, separators of lines, and characters without a width."""

IN_TEXT = re.compile(UNSEEN.pattern.replace(r"\x00-\x1f", r"\x00-\x08\x0b-\x1f"))
"""The same without the tab and the end of a line, for text of several lines."""

COLOURS = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]")
"""What programs write to colour their output."""


def visible(text: object) -> str:
    """Return a text as one line that can be printed."""
    return UNSEEN.sub(_escape, str(text))


def visible_text(text: str) -> str:
    """Return a text of several lines without colours, and with its other control characters as escapes."""
    return IN_TEXT.sub(_escape, COLOURS.sub("", text.replace("\r\n", "\n")))


def visible_json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON that can be printed; it reads back as the same value."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return re.sub(r"[^\n]+", lambda line: UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line[0]), text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
