"""What a mutant is: a few attributes of the product, and what takes their place."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug that can be planted."""

    name: str
    """What is wrong, as a sentence."""
    patches: tuple[tuple[Any, str, Any], ...]
    """The owner, the attribute, and what takes its place."""

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the product with this bug."""
        with ExitStack() as stack:
            for owner, attribute, instead in self.patches:
                stack.enter_context(patch.object(owner, attribute, instead))
            yield
