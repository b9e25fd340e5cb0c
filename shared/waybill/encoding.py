"""A report as JSON text, within the limits of the API."""

import json
from collections.abc import Mapping
from typing import Any

from waybill.domain.task import DETAIL_CAP
from waybill.domain.texts.tail import tail

REPORT_CAP = 65_536
"""How large one report may be, in bytes of JSON; the API takes no larger one."""

DEPTH_CAP = 97
"""How deeply one field may nest arrays and objects: the API takes 100 levels, and a batch adds three."""

TOO_DEEP = "too many arrays and objects lie within each other"

MESSAGE_CAP = 2_000
"""How many characters of an error message are reported."""


def encoded(report: Mapping[str, Any]) -> str:
    """Return a report as JSON text. Raises ValueError if the API would not take it."""
    try:
        text = json.dumps(report, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except UnicodeEncodeError:
        raise ValueError("a text holds half of a surrogate pair") from None
    except BaseException as error:  # noqa: BLE001
        # A value of a handler's own class may raise anything when it is read.
        raise ValueError(f"not JSON: {said(error)}") from None
    if size > REPORT_CAP:
        raise ValueError(f"{size:,} bytes of JSON, and {REPORT_CAP:,} is the most")
    _check(text)
    return text


def said(error: BaseException) -> str:
    """Return the message of an error, or its class if it has no message or its methods fail."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001  # even SystemExit is only what its method raises
        text = ""
    return text or type(error).__name__


def bounded(message: str) -> str:
    """Return a message that every store can keep: bounded, without NULs and lone surrogates."""
    return _clean(message[:MESSAGE_CAP])


def detail_of(text: str) -> str:
    """Return the end of a text as the detail of an error, which every store can keep."""
    return tail(_clean(text[-2 * DETAIL_CAP :]), DETAIL_CAP)


def _clean(text: str) -> str:
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _check(text: str) -> None:
    """Raise ValueError for a text that JSON allows but the API does not."""
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if text.count("[") + text.count("{") > DEPTH_CAP and _depth(value) > DEPTH_CAP + 1:
        raise ValueError(TOO_DEEP)
    # The text may only look like an escape, so the decoded value decides.
    if "\\u0000" in text and _has_nul(value):
        raise ValueError("a text holds the character NUL")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"two keys of one object are {bounded(twice)[:100]!r} as texts")
    return value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [below for one in level for below in (one.values() if isinstance(one, dict) else one)]
    return depth


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _has_nul(one) for key, one in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
