"""A JSON value that is only passed on, as the text that it came as."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value that was checked by whoever encoded it; to keep it so costs neither its objects nor its encoding anew."""

    text: str

    def value(self) -> Any:
        """Return the value."""
        return json.loads(self.text)


def value_of(value: Any) -> Any:
    """Return a value, taken apart if it is encoded."""
    return value.value() if isinstance(value, Encoded) else value
