"""Which handlers this process has, and which routes it serves with them."""

import logging
import threading
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, cast

from services.worker.context import Handler
from services.worker.failure import described, place, traced
from services.worker.handlers.sleep import sleep
from shared.client import ApiError
from shared.domain.route import route_of, stage_of

logger = logging.getLogger(__name__)

GROUP = "waybill.handlers"


class TaskTypes(Protocol):
    """What the registry needs of the client."""

    def task_types(self) -> list[dict[str, Any]]:
        """List the task types."""


def installed_handlers(named: Collection[str] | None = None) -> dict[str, Handler]:
    """Return the built-in handlers and those that other packages offer by entry points, by name.

    With `named` only these; the others are not even loaded. Of several with one name the first is used, as an import
    would use it: one that is built in, then the order of `sys.path`.
    """
    handlers: dict[str, Handler] = {"sleep": sleep} if named is None or "sleep" in named else {}
    used = dict.fromkeys(handlers, "the built-in one")
    for entry in entry_points(group=GROUP):
        if named is not None and entry.name not in named:
            continue
        if entry.name in used:
            logger.warning(
                "Two handlers are named %s: %s is used, %s is left out",
                entry.name,
                used[entry.name],
                _origin(entry),
            )
            continue
        used[entry.name] = _origin(entry)
        handler = _loaded(entry)
        if handler is not None:
            handlers[entry.name] = handler
    for name in sorted(set(named or ()) - handlers.keys()):
        logger.warning("There is no handler %s here, which this worker is set to serve", name)
    return handlers


def _loaded(entry: EntryPoint) -> Handler | None:
    """Return the function of an entry point; where there is none, one line of the log says why."""
    try:
        handler = entry.load()
        if not callable(handler):
            raise TypeError(f"it is no function, but {type(handler).__name__}")
    except BaseException as error:  # noqa: BLE001  # also SystemExit: a module ends itself, not the worker
        logger.error(
            "The handler %s (%s) cannot be loaded and is left out: %s%s",
            entry.name,
            entry.value,
            described(error),
            place(error),
        )
        logger.debug("The handler %s: %s", entry.name, traced(error))
        return None
    return cast(Handler, handler)


def _origin(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name}" if entry.dist is not None else entry.value


class Registry:
    """Knows the handlers by name, and asks the API which task types use them."""

    def __init__(self, client: TaskTypes, handlers: Mapping[str, Handler]) -> None:
        """Take the client and the handlers; no route is served before the first refresh."""
        self._client = client
        self._handlers = handlers
        self._lock = threading.Lock()
        self._routes: frozenset[str] = frozenset()
        self._outlived: frozenset[str] = frozenset()
        """Stages that their types have no more, but tasks still go through."""
        self._unserved: frozenset[str] = frozenset()

    @property
    def routes(self) -> frozenset[str]:
        """The routes served."""
        return self._routes | self._outlived

    def handler(self, name: str | None) -> Handler | None:
        """Return the handler of this name."""
        return None if name is None else self._handlers.get(name)

    def refresh(self) -> None:
        """Ask the API for the task types. Raises ApiUnreachable or ApiProblem."""
        types = self._client.task_types()
        with self._lock:
            served = (route for one in types for route, handler in _routes(one) if handler in self._handlers)
            self._routes = frozenset(served)

    def notice(self, waiting: Collection[str]) -> bool:
        """Look at routes that have messages, refresh if one was never seen, and tell whether one is now served."""
        fresh = set(waiting) - self.routes - self._unserved
        if not fresh:
            return False
        try:
            self.refresh()
        except ApiError:
            return False
        # What no type of ours uses is not asked about again at every look, only at the regular refresh.
        self._outlived |= {route for route in fresh - self._routes if stage_of(route) in self._handlers}
        self._unserved = frozenset(set(waiting) - self.routes)
        return not fresh.isdisjoint(self.routes)


def _routes(task_type: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield the routes of a type, each with the name of its handler."""
    name, stages = str(task_type.get("name")), task_type.get("stages")
    if stages is None:
        yield route_of(name), task_type.get("handler")
    else:
        yield from ((route_of(name, stage), stage) for stage in stages)
