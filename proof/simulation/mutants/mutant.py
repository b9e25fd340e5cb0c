"""A mutant: attributes of the product, and their replacements."""

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
    """The owner, the attribute, and the replacement."""

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Plant the bug until the end of the block."""
        with ExitStack() as stack:
            for owner, attribute, instead in self.patches:
                stack.enter_context(patch.object(owner, attribute, instead))
            yield
