"""Which handlers this process has, and which routes it serves with them."""

import logging
import threading
from collections.abc import Collection, Mapping
from importlib.metadata import entry_points
from typing import Any, Protocol

from services.worker.context import Handler
from services.worker.handlers.sleep import sleep
from shared.client import ApiError

logger = logging.getLogger(__name__)

GROUP = "waybill.handlers"


class TaskTypes(Protocol):
    """What the registry needs of the client."""

    def task_types(self) -> list[dict[str, Any]]:
        """List the task types."""


def installed_handlers() -> dict[str, Handler]:
    """Return the built-in handlers and those that other packages offer by entry points, by name."""
    handlers: dict[str, Handler] = {"sleep": sleep}
    for entry in entry_points(group=GROUP):
        try:
            handlers[entry.name] = entry.load()
        except Exception:
            logger.exception("The handler %s (%s) cannot be loaded and is left out", entry.name, entry.value)
    return handlers


class Registry:
    """Knows the handlers by name, and asks the API which task types use them."""

    def __init__(self, client: TaskTypes, handlers: Mapping[str, Handler]) -> None:
        """Take the client and the handlers; no route is served before the first refresh."""
        self._client = client
        self._handlers = handlers
        self._lock = threading.Lock()
        self._routes: frozenset[str] = frozenset()
        self._unserved: frozenset[str] = frozenset()

    @property
    def routes(self) -> frozenset[str]:
        """The routes served."""
        return self._routes

    def handler(self, name: str | None) -> Handler | None:
        """Return the handler of this name."""
        return None if name is None else self._handlers.get(name)

    def refresh(self) -> None:
        """Ask the API for the task types. Raises ApiUnreachable or ApiProblem."""
        types = self._client.task_types()
        with self._lock:
            self._routes = frozenset(str(one.get("name")) for one in types if one.get("handler") in self._handlers)

    def notice(self, waiting: Collection[str]) -> bool:
        """Look at routes that have messages, refresh if one was never seen, and tell whether one is now served."""
        fresh = set(waiting) - self._routes - self._unserved
        if not fresh:
            return False
        try:
            self.refresh()
        except ApiError:
            return False
        # What no type of ours uses is not asked about again at every look, only at the regular refresh.
        self._unserved = frozenset(set(waiting) - self._routes)
        return not fresh.isdisjoint(self._routes)
