"""A JSON value that is passed on as its original text."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Encoded:
    """A checked value as JSON text: nothing is decoded, and nothing encoded again."""

    text: str

    def value(self) -> Any:
        """Return the value."""
        return json.loads(self.text)


def value_of(value: Any) -> Any:
    """Return a value, decoded if it is encoded."""
    return value.value() if isinstance(value, Encoded) else value
