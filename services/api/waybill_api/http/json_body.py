"""Strict JSON: it refuses all that some reader would understand differently, or not at all."""

import json
import math
from typing import Any, Never

from waybill_api.problems import BAD_TEXT, DUPLICATE_KEY, NOT_JSON, NUMBER_OUT_OF_RANGE, TOO_DEEP, Refusal

MAX_DEPTH = 100
"""How deep arrays and objects may be nested."""


def decode(body: bytes | bytearray) -> Any:
    """Return the value of a JSON text, or raise Refusal (400) with the code that says what is wrong.

    Refused: other encodings than UTF-8, a byte order mark, NaN and Infinity, repeated keys, numbers that do not fit,
    deep nesting, NUL characters and lone surrogates.
    """
    try:
        text = body.decode("utf-8")
        value = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise Refusal(NOT_JSON, f"The body is not UTF-8 (at byte {error.start}).") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refusal(NOT_JSON, f"The body is not JSON: {error.msg} ({where}).") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise Refusal(NUMBER_OUT_OF_RANGE, "A number has too many digits.") from None
    if "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH:
        _inspect(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refusal(DUPLICATE_KEY, "A key is given twice in one object.")
    return value


def _float(literal: str) -> float:
    value = float(literal)
    if math.isinf(value):
        raise Refusal(NUMBER_OUT_OF_RANGE, "A number is too large.")
    return value


def _constant(literal: str) -> Never:
    raise Refusal(NOT_JSON, f"The body is not JSON: {literal} is no JSON number.")


def _inspect(root: Any) -> None:
    """Check all strings and the depth; only escapes can contain what UTF-8 and the parser refuse."""
    level: list[Any] = [root]
    depth = 0
    while level:
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _check(value)
            elif isinstance(value, dict):
                for key in value:
                    _check(key)
                below += value.values()
            elif isinstance(value, list):
                below += value
        depth += 1
        if depth > MAX_DEPTH + 1:
            raise _too_deep()
        level = below


def _check(text: str) -> None:
    if "\x00" in text:
        raise Refusal(BAD_TEXT, "A text holds the character NUL.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Refusal(BAD_TEXT, "A text holds half of a surrogate pair.") from None


def _too_deep() -> Refusal:
    return Refusal(TOO_DEEP, f"More than {MAX_DEPTH} arrays and objects lie within each other.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)
