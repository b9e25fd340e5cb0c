"""A group of commands that lists without a further word."""

from typing import Any

from typer.core import TyperGroup


class ListByDefault(TyperGroup):
    """Runs its command `list` if none is named: `waybill types --json`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` before the options, unless they ask for help."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)
