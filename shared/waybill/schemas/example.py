"""An example of what a schema describes, for people to begin with."""

from collections.abc import Mapping
from typing import Any

from waybill.schemas.effort import resolved

DEEPEST = 8

MOST_PARTS = 200
"""How many parts of a schema an example shows."""

PLAIN: Mapping[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
}


def example_of(schema: Mapping[str, Any]) -> Any:
    """Return a value that shows what a schema wants: its examples and defaults, or the simplest values that may do.

    It need not fit a schema that asks for more than types, options and bounds.
    """
    return _Example(schema).of(schema, 0)


class _Example:
    """Makes one example."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = MOST_PARTS

    def of(self, part: Any, depth: int) -> Any:
        self._left -= 1
        if not isinstance(part, dict) or depth > DEEPEST or self._left < 0:
            return None
        if "$ref" in part:
            return self.of(resolved(self._root, part["$ref"]), depth + 1)
        for key in ("const", "default"):
            if key in part:
                return part[key]
        for key in ("examples", "enum"):
            if part.get(key):
                return part[key][0]
        for key in ("anyOf", "oneOf", "allOf"):
            if part.get(key):
                return self.of(part[key][0], depth + 1)
        return self._plain(part, depth)

    def _plain(self, part: Mapping[str, Any], depth: int) -> Any:
        named = part.get("type", "object" if "properties" in part else None)
        kind = named[0] if isinstance(named, list) else named
        if kind == "object":
            wanted = part.get("required", ())
            return {
                name: self.of(one, depth + 1)
                for name, one in part.get("properties", {}).items()
                if name in wanted or (isinstance(one, dict) and "default" in one)
            }
        if kind in ("integer", "number"):
            least = max(PLAIN[kind], part.get("minimum", 0), part.get("exclusiveMinimum", -1) + 1)
            return min(least, part.get("maximum", least))
        if kind == "array" and part.get("minItems"):
            return [self.of(part.get("items"), depth + 1)]
        return PLAIN.get(str(kind))
