"""The claims of runs that are over, for what still comes of them: their logs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waybill_api.store.writing.unit import Change

REMEMBERED = 10_000
"""How many claims are remembered: all of the last seconds, even at a thousand runs a second."""


class FormerClaims:
    """Remembers who held the latest runs that another run of their tasks has followed.

    In memory only: nothing that is promised depends on it.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[tuple[str, int], tuple[str, int]] = {}

    def notice(self, changes: Iterable["Change"]) -> None:
        """Follow the changes of a commit, in the writer's thread."""
        known = self._known
        for before, after in changes:
            if before is None or after is None or before.claim is None or before.claim == after.claim:
                continue
            known[before.task_id, before.run] = before.claim, before.attempt
            if len(known) > REMEMBERED:
                del known[next(iter(known))]

    def attempt_of(self, task_id: str, run: int, claim: str) -> int | None:
        """Return the attempt of a run that this claim has held; None if it is not known to have held it."""
        held, attempt = self._known.get((task_id, run), ("", None))
        return attempt if held == claim else None
