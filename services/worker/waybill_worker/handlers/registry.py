"""The registry: the handlers of this process, and the routes that it serves with them."""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from waybill.domain.names import CONTROLS, ROUTE
from waybill.domain.route import handler_of, route_of
from waybill.host.world import REAL, World
from waybill_worker.handlers.catalogue import Catalogue
from waybill_worker.handlers.context import Handler
from waybill_worker.handlers.declarer import Api, Declarer

SOUND = re.compile(ROUTE)
LABEL = re.compile(rf"[^{CONTROLS}]{{1,128}}")

MOST_OUTLIVED = 1_000
"""How many routes that no type has are served at once."""


class TaskTypes(Api, Protocol):
    """What the registry needs of the client."""

    def task_types(self) -> list[dict[str, Any]]:
        """List the task types."""


class Registry:
    """Knows the handlers by name, and asks the API which task types use them."""

    def __init__(self, client: TaskTypes, catalogue: Catalogue, world: World = REAL) -> None:
        """Take the client and the handlers; no route is served before the first refresh."""
        self._client = client
        self._handlers = catalogue.handlers
        self._apart = catalogue.isolating | catalogue.programs
        self._declarer = Declarer(client, catalogue.types, world)
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

    def apart(self, routes: Collection[str]) -> set[str]:
        """Return those of some routes whose runs need processes of their own."""
        return {route for route in routes if handler_of(route) in self._apart} if self._apart else set()

    def refresh(self) -> None:
        """Ask the API for the task types, and declare those that it lacks. Raises ApiUnreachable or ApiProblem."""
        types = self._declarer.declare(self._client.task_types())
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
