"""A report as the text that travels: JSON, within the limits of the API."""

import json
from collections.abc import Mapping
from typing import Any

REPORT_CAP = 65_536
"""How large one report may be, in bytes of JSON; the API takes no larger one."""

MESSAGE_CAP = 2_000
"""How many characters of an error message are reported."""


def encoded(report: Mapping[str, Any]) -> str:
    """Return a report as JSON text; ValueError says why that cannot be done."""
    try:
        text = json.dumps(report, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if size > REPORT_CAP:
        raise ValueError(f"{size:,} bytes of JSON, and {REPORT_CAP:,} is the most")
    return text


def bounded(message: str) -> str:
    """Return a message that every store can keep: not too long, without NULs and half characters."""
    return message[:MESSAGE_CAP].replace("\0", "\ufffd").encode(errors="replace").decode()
