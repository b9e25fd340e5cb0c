"""The effort of a schema: how much work one value of an input may be, found out before any input comes.

A schema is a graph: which of its parts apply to a value depends on which apply to the value around it. Each set of
parts that can apply together is looked at once, so that circles through a value's children end, while parts that
multiply from level to level run into MOST_STEPS.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

MOST_STEPS = 5_000
"""How many times a part of a schema is looked at before the schema counts as too complex."""

DEEPEST = 64
"""How many parts of a schema may apply to one value within each other."""

MOST_POSITIONS = 5_000
"""How many positions the patterns of a schema may have together."""

CLASS_POSITIONS = 8
"""A class of Unicode compiles to this many positions, roughly."""

IN_PLACE = ("allOf", "anyOf", "oneOf")
IN_PLACE_ALONE = ("not", "if", "then", "else")
NOT_SUPPORTED = (
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveRef",
    "$recursiveAnchor",
    "unevaluatedItems",
    "unevaluatedProperties",
)
PRICES = {"const": 12, "uniqueItems": 6, "additionalProperties": 4, "contains": 4, "propertyNames": 7}
"""The price of a keyword for each value that it is about, in units of ten nanoseconds; of others it is 2."""

TOKEN = re.compile(r"\\[pP]\{[^}]*\}|\\[pPwWdDsS]|\\.|\[(?:\\.|[^\]\\])*\]|\{(\d+)(,(\d*))?\}|.", re.DOTALL)


class TooComplex(ValueError):
    """A schema whose effort cannot be bounded; the message says why."""


class Effort(NamedTuple):
    """The most that one value of an input may take."""

    checks: int = 0
    """Units of ten nanoseconds."""
    complaints: int = 0
    """How many complaints one value may cause, weighted with what each costs to write."""
    required: int = 0
    """How many missing properties one object may cause complaints about."""
    positions: int = 0
    """Positions of patterns that a text may be held against: each costs as much as 5 ns a byte."""


class _Applied:
    """The parts of a schema that apply to one value, and what they say about its children."""

    def __init__(self) -> None:
        """Begin with none."""
        self.checks = self.complaints = self.required = self.positions = 0
        self.named: dict[str | int, list[Any]] = defaultdict(list)
        self.rest: list[Any] = []
        self.elements: list[Any] = []
        self.keys: list[Any] = []

    def children(self) -> Iterator[tuple[Any, ...]]:
        """Yield each set of parts that may apply together to one child."""
        for name, parts in self.named.items():
            yield (*parts, *(self.rest if isinstance(name, str) else self.elements))
        for some in (self.rest, self.elements, self.keys):
            if some:
                yield tuple(some)


def effort_of(schema: Mapping[str, Any]) -> Effort:
    """Return the effort of a schema. Raises TooComplex, and ValueError if it uses what is not supported."""
    if sum(positions_of(pattern) for pattern in _patterns(schema)) > MOST_POSITIONS:
        raise TooComplex("has patterns that are too complex")
    return _Survey(schema).effort()


def positions_of(pattern: str) -> int:
    """Return how many positions a regular expression has once its counted repetitions are written out, roughly."""
    sums, latest = [0], 0
    for token in TOKEN.finditer(pattern):
        text = token[0]
        if text == "(":
            sums.append(0)
        elif text == ")" and len(sums) > 1:
            latest = sums.pop()
            sums[-1] += latest
        elif token[1] is not None:
            times = max(1, int(token[3] or token[1]))
            sums[-1] += latest * (times - 1)
            latest *= times
        elif text not in "|*+?^$":
            latest = CLASS_POSITIONS if text[:2] in (r"\p", r"\P", r"\w", r"\W") else 1
            sums[-1] += latest
    return sum(sums)


def resolved(root: Any, reference: str) -> Any:
    """Return the part of a schema that a `$ref` names. Raises ValueError if it is not within the schema."""
    if not (reference == "#" or reference.startswith("#/")):
        raise ValueError(f"may refer only to itself (`#/...`), not to {reference:.80}")
    part = root
    for step in reference[2:].split("/") if len(reference) > 1 else ():
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(part, list) and key.isdecimal() and int(key) < len(part):
            part = part[int(key)]
        elif isinstance(part, dict) and key in part:
            part = part[key]
        else:
            raise ValueError(f"refers to {reference:.80}, which it does not have")
    return part


class _Survey:
    """Looks at every set of parts that can apply to one value."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._steps = 0

    def effort(self) -> Effort:
        most = Effort()
        waiting: list[tuple[Any, ...]] = [(self._root,)]
        seen: set[tuple[int, ...]] = set()
        while waiting:
            parts = waiting.pop()
            key = tuple(sorted(map(id, parts)))
            if key in seen:
                continue
            seen.add(key)
            found = _Applied()
            for part in parts:
                self._apply(part, found, ())
            here = Effort(found.checks, found.complaints, found.required, found.positions)
            most = Effort(*map(max, most, here))
            waiting += found.children()
        return most

    def _apply(self, part: Any, found: _Applied, within: tuple[int, ...]) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS or len(within) > DEEPEST:
            raise TooComplex("is too complex: too many of its parts may apply to one value")
        found.checks += 1
        if not isinstance(part, dict) or id(part) in within:
            return
        inner = (*within, id(part))
        for keyword, value in part.items():
            if keyword in NOT_SUPPORTED or (keyword == "$id" and part is not self._root):
                raise ValueError(f"uses {keyword}, which is not supported")
            found.checks += PRICES.get(keyword, 2)
            found.complaints += 1
            self._keyword(keyword, value, found, inner)

    def _keyword(self, keyword: str, value: Any, found: _Applied, inner: tuple[int, ...]) -> None:
        if keyword == "$ref":
            self._apply(resolved(self._root, value), found, inner)
        elif keyword in IN_PLACE:
            for one in value:
                self._apply(one, found, inner)
        elif keyword in IN_PLACE_ALONE:
            self._apply(value, found, inner)
        elif keyword == "dependentSchemas":
            for one in value.values():
                self._apply(one, found, inner)
        elif keyword == "enum":
            found.checks += len(value)
            found.complaints += len(value) // 100
        elif keyword == "required":
            found.checks += len(value)
            found.required += len(value)
        elif keyword == "dependentRequired":
            found.required += sum(map(len, value.values()))
        elif keyword == "pattern":
            found.positions += positions_of(value)
        else:
            self._children(keyword, value, found)

    def _children(self, keyword: str, value: Any, found: _Applied) -> None:
        if keyword == "properties":
            for name, one in value.items():
                found.named[name].append(one)
        elif keyword == "patternProperties":
            for pattern, one in value.items():
                found.rest.append(one)
                found.positions += positions_of(pattern)
        elif keyword == "additionalProperties":
            found.rest.append(value)
        elif keyword == "propertyNames":
            found.keys.append(value)
        elif keyword == "prefixItems":
            for number, one in enumerate(value):
                found.named[number].append(one)
        elif keyword in ("items", "contains"):
            found.elements.append(value)


def _patterns(value: Any) -> Iterator[str]:
    """Yield all that may be compiled as a pattern, wherever it stands."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "pattern" and isinstance(one, str):
                yield one
            elif key == "patternProperties" and isinstance(one, dict):
                yield from one
            yield from _patterns(one)
    elif isinstance(value, list):
        for one in value:
            yield from _patterns(one)
