"""The registry: the handlers of this process, and the routes that it serves with them."""

import logging
import re
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import Any, Protocol, cast

from waybill.domain.names import CONTROLS, ROUTE
from waybill.domain.route import handler_of, route_of
from waybill.host.world import REAL, World
from waybill_worker.handlers.context import Handler
from waybill_worker.handlers.failure import described, place, traced
from waybill_worker.handlers.sleep import sleep

logger = logging.getLogger(__name__)

GROUP = "waybill.handlers"

SOUND = re.compile(ROUTE)
LABEL = re.compile(rf"[^{CONTROLS}]{{1,128}}")

MOST_OUTLIVED = 1_000
"""How many routes that no type has are served at once."""


class TaskTypes(Protocol):
    """What the registry needs of the client."""

    def task_types(self) -> list[dict[str, Any]]:
        """List the task types."""


def installed_handlers(named: Collection[str] | None = None) -> dict[str, Handler]:
    """Return the built-in handlers and those that other packages offer by entry points, by name.

    If `named` is given, only these are loaded. Of several with one name the first is used: a built-in one, then in the
    order of `sys.path`.
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
        logger.warning("This worker is set to serve the handler %s, which is not installed", name)
    return handlers


def _loaded(entry: EntryPoint) -> Handler | None:
    """Return the function of an entry point; if it cannot be loaded, log one line with the reason."""
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

    def __init__(self, client: TaskTypes, handlers: Mapping[str, Handler], world: World = REAL) -> None:
        """Take the client and the handlers; no route is served before the first refresh."""
        self._client = client
        self._handlers = handlers
        self._lock = world.lock()
        self._routes: frozenset[str] = frozenset()
        self._outlived: frozenset[str] = frozenset()
        """Routes that no known type has, with messages for handlers of this worker."""

    @property
    def names(self) -> list[str]:
        """The names of the handlers that a task can have."""
        return sorted(name for name in self._handlers if LABEL.fullmatch(name))

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
            self._routes = frozenset(route for one in types for route in _routes(one) if self._serves(route))

    def notice(self, waiting: Collection[str]) -> bool:
        """Check the routes that have messages, and return whether a new one is served now.

        A route names its handler, so a route that no type has is served too: its type may be new, or name another
        handler now.
        """
        known = self.routes
        # A handler may write anything to the queue's file, and the API refuses a heartbeat with an invalid route.
        sound = (route for route in waiting if self._serves(route) and SOUND.fullmatch(route))
        self._outlived = frozenset(islice(sorted({*sound} - self._routes), MOST_OUTLIVED))
        return not self._outlived <= known

    def _serves(self, route: str) -> bool:
        return handler_of(route) in self._handlers


def _routes(task_type: Mapping[str, Any]) -> Iterator[str]:
    """Yield the routes of a type; a tracked one has none."""
    name, handler, stages = str(task_type.get("name")), task_type.get("handler"), task_type.get("stages")
    if stages is not None:
        yield from (route_of(name, stage, is_stage=True) for stage in stages)
    elif handler is not None:
        yield route_of(name, handler)
