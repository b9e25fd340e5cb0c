"""Who is told of each commit, after it and before anybody is answered."""

import logging
from collections.abc import Callable, Sequence

from services.api.store.unit import Commit

log = logging.getLogger(__name__)

Listener = Callable[[Commit], None]
"""Told of each commit, in the writer's thread, before the futures resolve."""


class Listeners:
    """Tells all of them, whichever fail; without a vital one promises are broken, so that the API has to start anew."""

    def __init__(self, on_death: Callable[[], None]) -> None:
        """Begin with none; `on_death` is called should a vital one fail."""
        self._on_death = on_death
        self._listeners: list[tuple[Listener, bool]] = []
        self._failing: list[Listener] = []

    def add(self, listener: Listener, *, is_vital: bool) -> None:
        """Tell one more from now on."""
        self._listeners.append((listener, is_vital))

    def tell(self, commits: Sequence[Commit]) -> None:
        """Tell of what was committed; one that fails keeps nothing from the others, nor from who is answered."""
        for commit in commits:
            for listener, is_vital in self._listeners:
                try:
                    listener(commit)
                except Exception:  # noqa: BLE001 - what was committed is to be answered, whatever it was
                    self._complain(listener, is_vital)

    def _complain(self, listener: Listener, is_vital: bool) -> None:
        """Say once that a listener fails."""
        if listener in self._failing:
            return
        self._failing.append(listener)
        log.exception("%r failed to follow a commit", listener, extra={"action": "listener_failed"})
        if is_vital:
            self._on_death()
