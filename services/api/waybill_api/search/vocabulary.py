"""What can be typed next: qualifiers, and the values that tasks have lately had."""

from collections.abc import Iterable, Mapping
from typing import Any

from waybill.domain.status import ErrorCode, Status
from waybill_api.search.parser import QUALIFIERS

MOST_KEYS = 200
MOST_VALUES = 30
"""How many metadata keys are remembered, and how many values of each; the ones seen last."""

MOST_STAGES = 200
LONGEST = 80
"""What is longer, in characters, is not offered."""


class Vocabulary:
    """Remembers a bounded number of words, and completes the beginning of a word."""

    def __init__(self) -> None:
        """Begin with what is always there."""
        self._stages: dict[str, None] = {}
        self._metadata: dict[str, dict[str, None]] = {}

    def hear(self, stage: str | None, metadata: Mapping[str, Any]) -> None:
        """Take in what a task says."""
        if stage is not None:
            _remember(self._stages, stage, MOST_STAGES)
        for key, value in metadata.items():
            if len(key) > LONGEST or not isinstance(value, str | int | bool):
                continue
            values = self._metadata.pop(key, {})
            self._metadata[key] = values
            if len(self._metadata) > MOST_KEYS:
                del self._metadata[next(iter(self._metadata))]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if len(text) <= LONGEST and '"' not in text:
                _remember(values, text, MOST_VALUES)

    def completions(self, text: str, types: Iterable[str], limit: int) -> list[str]:
        """Return how the last word of a text may go on, the whole text each time; `types` are those that there are."""
        start = _last_word(text)
        word = text[start:]
        field, colon, value = word.partition(":")
        if not colon:
            keys = (f"meta.{key}" for key in reversed(self._metadata) if " " not in key and ":" not in key)
            offered = [f"{one}:" for one in (*(name for name in QUALIFIERS if not name.endswith(".")), *keys)]
            begun = field.lower()
        else:
            head, comma, begun = value.rpartition(",")
            before = f"{field}:{head}{comma}"
            offered = [before + _quoted(one) for one in self._values(field, types)]
            begun = (before + begun.lstrip('"')).lower()
        fitting = [one for one in offered if one.replace('"', "").lower().startswith(begun.replace('"', ""))]
        return [text[:start] + one for one in fitting[:limit] if one != word]

    def _values(self, field: str, types: Iterable[str]) -> list[str]:
        name, _, key = field.partition(".")
        match name.lower():
            case "status":
                return [status.lower() for status in Status.__members__]
            case "error":
                return [code.value for code in ErrorCode]
            case "type":
                return list(types)
            case "stage":
                return list(reversed(self._stages))
            case "meta":
                return list(reversed(self._metadata.get(key, {})))
            case "created" | "finished":
                return [">", "<"]
        return []


def _remember(words: dict[str, None], word: str, most: int) -> None:
    """Make a word the newest, and forget the oldest beyond `most`."""
    words.pop(word, None)
    words[word] = None
    if len(words) > most:
        del words[next(iter(words))]


def _last_word(text: str) -> int:
    """Return where the last word begins; spaces between quotation marks are within a word."""
    at, is_quoted = 0, False
    for position, character in enumerate(text):
        is_quoted ^= character == '"'
        if character.isspace() and not is_quoted:
            at = position + 1
    return at


def _quoted(value: str) -> str:
    return f'"{value}"' if any(character.isspace() or character == "," for character in value) else value
