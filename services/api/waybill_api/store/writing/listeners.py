"""The listeners of commits: they are called after each commit, and before any client is answered."""

import logging
from collections.abc import Callable, Sequence

from waybill_api.store.writing.unit import Commit

log = logging.getLogger(__name__)

Listener = Callable[[Commit], None]
"""Called with each commit, in the writer's thread, before the futures resolve."""


class Listeners:
    """Calls all listeners, even if some fail; if a vital one fails, the API ends, since it cannot keep its promises."""

    def __init__(self, on_death: Callable[[], None]) -> None:
        """Start without listeners; `on_death` is called if a vital one fails."""
        self._on_death = on_death
        self._listeners: list[tuple[Listener, bool]] = []
        self._failing: list[Listener] = []

    def add(self, listener: Listener, *, is_vital: bool) -> None:
        """Add a listener."""
        self._listeners.append((listener, is_vital))

    def tell(self, commits: Sequence[Commit]) -> None:
        """Call every listener with each commit; a failing one stops neither the others nor the answers."""
        for commit in commits:
            for listener, is_vital in self._listeners:
                try:
                    listener(commit)
                except Exception:  # noqa: BLE001 - a commit is answered, whatever a listener raises
                    self._complain(listener, is_vital)

    def _complain(self, listener: Listener, is_vital: bool) -> None:
        """Log once that a listener fails."""
        if listener in self._failing:
            return
        self._failing.append(listener)
        log.exception("%r failed to follow a commit", listener, extra={"action": "listener_failed"})
        if is_vital:
            self._on_death()
