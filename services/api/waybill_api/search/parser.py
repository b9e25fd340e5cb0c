"""Read what was typed into the search box: `status:error meta.user:42 created:>2026-11-01 "a phrase" words`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, NamedTuple

from waybill.domain.names import CONTROL_CHARACTERS, TYPE_NAME, UUID
from waybill.domain.status import ErrorCode, Status
from waybill_api.search.query import Query

LONGEST = 500
"""How many characters may be typed."""

MOST_TERMS = 20
MOST_VALUES = 20

QUALIFIERS = ("status", "type", "stage", "error", "key", "id", "failure", "worker", "created", "finished", "meta.")

TERM = re.compile(
    r'\s*(?:(?P<field>[^\s:"]+):)?(?P<values>"[^"]*"(?:,(?:"[^"]*"|[^\s,"]*))*|[^\s"]+"[^"]*"[^\s]*|[^\s"]+|(?=\s|$))'
)
VALUE = re.compile(r'"(?P<quoted>[^"]*)"|(?P<bare>[^,]+)')
TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)
FINGERPRINT = re.compile(r"[0-9a-f]{12}")
A_TIME = "a day or a time (UTC), such as 2026-11-01 or 2026-11-01T09:30, after >, >=, < or <=, or a range A..B"


class QueryError(Exception):
    """What was typed cannot be understood."""

    def __init__(
        self, sentence: str, position: int, length: int, suggestions: Sequence[str] = (), **parts: object
    ) -> None:
        """Take what was expected, the position of the mistake in characters, and suggestions.

        The sentence and its `{parts}` are kept apart, for pages in other languages.
        """
        self.detail = sentence.format(**parts)
        super().__init__(self.detail)
        self.sentence = sentence
        self.parts = parts
        self.position = position
        self.length = length
        self.suggestions = tuple(suggestions)


class _Term(NamedTuple):
    field: str | None
    values: tuple[str, ...]
    position: int
    text: str

    def wrong(self, sentence: str, suggestions: Sequence[str] = (), **parts: object) -> QueryError:
        return QueryError(sentence, self.position, len(self.text), suggestions, **parts)


def parse(text: str) -> Query:
    """Return what is looked for. Raises QueryError."""
    if len(text) > LONGEST:
        raise QueryError("a search has at most {most} characters", LONGEST, len(text) - LONGEST, most=LONGEST)
    said: dict[str, Any] = {}
    for number, term in enumerate(_terms(text)):
        if number == MOST_TERMS:
            raise term.wrong("a search has at most {most} terms", most=MOST_TERMS)
        _take(said, term)
    return Query(**said)


def without(text: str, field: str) -> str:
    """Return what was typed without the terms of a qualifier. Raises QueryError."""
    return " ".join(term.text for term in _terms(text) if (term.field or "").lower() != field)


def _terms(text: str) -> Iterator[_Term]:
    at, end = 0, len(text.rstrip())
    control = CONTROL_CHARACTERS.search(text)
    if control is not None:
        raise QueryError("a search is one line of text, without control characters", control.start(), 1)
    if text.count('"') % 2:
        raise QueryError('a quotation mark is missing: a phrase ends with "', text.rindex('"'), 1)
    while at < end:
        found = TERM.match(text, at)
        if found is None or found.end() == at:
            raise QueryError("this cannot be understood; put text in quotation marks", at, end - at)
        start = found.start("field") if found["field"] else found.start("values")
        at = found.end()
        values = tuple(
            value["quoted"] if value["bare"] is None else value["bare"] for value in VALUE.finditer(found["values"])
        )
        if not found["field"]:
            # Commas separate values only; in text they stand for themselves.
            values = (found["values"].replace('"', " ").strip(),)
            if not values[0]:
                continue
        yield _Term(found["field"], values, start, text[start:at])


def _take(said: dict[str, Any], term: _Term) -> None:
    """Take one term into what the query says."""
    if term.field is None:
        if not any(character.isalnum() for character in term.values[0]):
            raise term.wrong("text needs a letter or a digit to be found by")
        said["texts"] = (*said.get("texts", ()), term.values[0])
        return
    if not term.values or not all(term.values):
        raise term.wrong("a value is missing after {field}:", _examples(term.field), field=term.field)
    if len(term.values) > MOST_VALUES:
        raise term.wrong("{field}: takes at most {most} values", field=term.field, most=MOST_VALUES)
    field, _, key = term.field.partition(".")
    name = term.field.lower()
    if field.lower() == "meta" and key:
        said["metadata"] = (*said.get("metadata", ()), (key, term.values))
    elif name in ("created", "finished"):
        _take_times(said, name, term)
    elif name not in FIELDS:
        known = ", ".join(f"{one}:" for one in (*QUALIFIERS[:-1], "meta.KEY"))
        close = [one if one.endswith(".") else f"{one}:" for one in get_close_matches(name, QUALIFIERS, cutoff=0.5)]
        sentence = "there is no qualifier {field}:, only {known}; as text, put it in quotation marks"
        raise term.wrong(sentence, close, field=term.field, known=known)
    else:
        attribute, read = FIELDS[name]
        if attribute in said:
            raise term.wrong("{field}: is given twice; separate values by commas", field=name)
        said[attribute] = tuple(read(term, value) for value in term.values)


def _status(term: _Term, value: str) -> Status:
    members = {name.lower(): one for name, one in Status.__members__.items()}
    return Status(_member(term, value, "{value!r} is not a status: use {known}", members))


def _error(term: _Term, value: str) -> ErrorCode:
    members = {code.value: code for code in ErrorCode}
    return ErrorCode(_member(term, value, "{value!r} is not an error code: use {known}", members))


def _member(term: _Term, value: str, sentence: str, members: Mapping[str, Any]) -> Any:
    value = value.lower()
    if value in members:
        return members[value]
    close = get_close_matches(value, members, cutoff=0.4) or list(members)
    raise term.wrong(sentence, [f"{term.field}:{one}" for one in close], value=value, known=", ".join(members))


def _matching(pattern: str, sentence: str) -> Callable[[_Term, str], str]:
    compiled = re.compile(pattern)

    def read(term: _Term, value: str) -> str:
        if not compiled.fullmatch(value.lower()):
            raise term.wrong(sentence, value=value)
        return value.lower()

    return read


def _any(term: _Term, value: str) -> str:
    return value


FIELDS: dict[str, tuple[str, Callable[[_Term, str], Any]]] = {
    "status": ("statuses", _status),
    "type": ("types", _matching(TYPE_NAME, "{value!r} is not the name of a task type")),
    "stage": ("stages", _any),
    "error": ("errors", _error),
    "key": ("keys", _any),
    "id": ("ids", _matching(UUID, "{value!r} is not the id of a task, which is a UUID")),
    "failure": (
        "failures",
        _matching(FINGERPRINT.pattern, "{value!r} is not the fingerprint of a failure, twelve hexadecimal digits"),
    ),
    "worker": ("workers", _any),
}
"""The plain qualifiers: where their values go, and how each is read."""


def _take_times(said: dict[str, Any], name: str, term: _Term) -> None:
    """Take a time or a range in; of several, all must hold."""
    if len(term.values) > 1:
        raise term.wrong("{field}: takes one time or a range, such as {field}:2026-11-01..2026-11-30", field=name)
    (value,) = term.values
    start: int | None = None
    end: int | None = None
    if ".." in value:
        first, _, last = value.partition("..")
        start, end = _span(term, first)[0], _span(term, last)[1]
    elif value.startswith(">="):
        start = _span(term, value[2:])[0]
    elif value.startswith("<="):
        end = _span(term, value[2:])[1]
    elif value.startswith(">"):
        start = _span(term, value[1:])[1]
    elif value.startswith("<"):
        end = _span(term, value[1:])[0]
    else:
        start, end = _span(term, value)
    if start is not None:
        said[f"{name}_from"] = max(start, said.get(f"{name}_from", start))
    if end is not None:
        said[f"{name}_to"] = min(end, said.get(f"{name}_to", end))


def _span(term: _Term, value: str) -> tuple[int, int]:
    """Return when the day, the minute or the second that was written begins, and when it is over."""
    found = TIME.fullmatch(value)
    if found is None:
        raise term.wrong(f"{{value!r}} is not {A_TIME}", _examples(term.field or ""), value=value)
    year, month, day, hour, minute, second, zone = found.groups()
    length = timedelta(days=1) if hour is None else timedelta(minutes=1) if second is None else timedelta(seconds=1)
    try:
        start = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
        if zone not in (None, "Z", "z"):
            sign = 1 if zone[0] == "+" else -1
            start -= sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        end = start + length
    except (ValueError, OverflowError):
        sentence = f"{{value!r}} is in no calendar: write {A_TIME}"
        raise term.wrong(sentence, _examples(term.field or ""), value=value) from None
    return int(start.timestamp() * 1000), int(end.timestamp() * 1000)


def _examples(field: str) -> list[str]:
    return {
        "status": [f"status:{name.lower()}" for name in Status.__members__],
        "error": [f"error:{code.value}" for code in ErrorCode],
        "created": ["created:>2026-11-01"],
        "finished": ["finished:>2026-11-01"],
    }.get(field.lower(), [])
