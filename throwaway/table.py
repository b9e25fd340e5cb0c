"""Tables of text."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    """Return rows as lines, columns aligned; with `numbers` all but the first are aligned to the right."""
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    align = str.rjust if numbers else str.ljust
    return "\n".join("  ".join([row[0].ljust(first), *map(align, row[1:], others)]).rstrip() for row in rows)
