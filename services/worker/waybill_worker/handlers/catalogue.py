"""The catalogue: all handlers that this process has, and the types that their code declares."""

import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from waybill.declaring import Declaration, Function
from waybill.domain.names import TYPE_NAME
from waybill_worker.handlers.context import Handler
from waybill_worker.handlers.declared import Declared, body_of, declaration_of, origin_of
from waybill_worker.handlers.installed import BUILT_IN, installed_handlers
from waybill_worker.handlers.loading import CannotLoad, declared_in, load
from waybill_worker.handlers.programs.program import Program
from waybill_worker.handlers.unfillable import Unfillable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where handlers come from, beside installed packages."""

    places: tuple[str, ...] = ()
    """Files, and names of modules."""
    command: str | None = None
    """The command line of a program, which handles the tasks of `type`."""
    type: str | None = None


@dataclass(frozen=True)
class Catalogue:
    """Handlers by name, and what is declared of types by name."""

    handlers: Mapping[str, Handler]
    types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def declaration(self, name: str | None) -> Declaration | None:
        """Return what is declared with the handler of this name; None if nothing is."""
        handler = None if name is None else self.handlers.get(name)
        return handler.declaration if isinstance(handler, Declared) else None

    @cached_property
    def programs(self) -> frozenset[str]:
        """The names of the handlers that are programs, which are processes of their own anyway."""
        return frozenset(name for name, one in self.handlers.items() if isinstance(one, Program))

    @cached_property
    def isolating(self) -> frozenset[str]:
        """The names of the handlers whose runs need processes of their own."""
        return frozenset(name for name in self.handlers if (one := self.declaration(name)) is not None and one.isolate)

    def sources(self, name: str | None) -> Sources:
        """Return what another process loads to have the handler of this name."""
        handler = None if name is None else self.handlers.get(name)
        if isinstance(handler, Program):
            return Sources(command=handler.line, type=handler.name)
        return Sources((handler.place,) if isinstance(handler, Declared) and handler.place else ())


def catalogue(sources: Sources, named: Collection[str] | None = None, *, declares: bool = True) -> Catalogue:
    """Load all handlers; if `named` is given, only these. A program alone is served alone. Raises CannotLoad.

    Unless it `declares`, it holds no types, which saves time.
    """
    is_program_alone = sources.command is not None and not sources.places
    loaded = _Loaded({} if is_program_alone else installed_handlers(named))
    for place in sources.places:
        loaded.take(place)
    if sources.command is not None and sources.type is not None:
        program = Program(sources.type, sources.command)
        loaded.add(program.name, program, f"the program {program.line}")
        loaded.declare(program.name, program.body, f"the program {program.line}", {program.name})
    handlers = {name: one for name, one in loaded.handlers.items() if named is None or name in named}
    for name in sorted(set(named or ()) - handlers.keys()):
        logger.warning("This worker is set to serve the handler %s, which is not installed", name)
    # A pipeline is declared by every worker that has one of its stages.
    types = {name: one.body() for name, one in loaded.types.items()} if declares else {}
    served = {name: body for name, body in types.items() if not loaded.types[name].needs.isdisjoint(handlers)}
    return Catalogue(handlers, served)


@dataclass(frozen=True, slots=True)
class _Type:
    """A type that code declares."""

    say: Callable[[], Mapping[str, Any]]
    origin: str
    needs: set[str]
    """The handlers of which a worker has one, if it declares the type."""

    def body(self) -> Mapping[str, Any]:
        """Return what is declared. Raises CannotLoad if the API would not take it."""
        # Imported here, since they take long.
        from pydantic import ValidationError  # noqa: PLC0415

        from waybill.wire.task_types import DeclareTaskType  # noqa: PLC0415

        body = self.say()
        try:
            DeclareTaskType.model_validate(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            field = ".".join(map(str, first["loc"]))
            raise CannotLoad(f"{self.origin}: {field + ': ' if field else ''}{first['msg']}") from None
        return body


class _Loaded:
    """What has been loaded so far."""

    def __init__(self, installed: Mapping[str, Handler]) -> None:
        self.handlers: dict[str, Handler] = dict(installed)
        self.types: dict[str, _Type] = {}
        self._origins: dict[str, str] = {}
        for handler in installed.values():
            if isinstance(handler, Declared) and handler.declaration is not None:
                self._declare(handler, handler.declaration)

    def take(self, place: str) -> None:
        """Take the handlers and pipelines of a file or a module. Raises CannotLoad."""
        handlers, pipelines = declared_in(load(place))
        if not handlers and not pipelines:
            raise CannotLoad(f"{place} has no handler: write @handler (from waybill import handler) above a function")
        for declaration, function in handlers:
            self._offer(function, declaration, place)
        for pipeline in pipelines:
            self._pipeline(pipeline, place)

    def add(self, name: str, handler: Handler, origin: str) -> None:
        """Add a handler, in place of an installed package's. Raises CannotLoad if another one has its name."""
        if name in BUILT_IN:
            raise CannotLoad(
                f"{origin} is named {name}, like the handler that comes with Waybill: give it another name"
            )
        if name in self._origins:
            raise CannotLoad(f"two handlers are named {name}: {self._origins[name]} and {origin}")
        if name in self.handlers:
            # Who names a file means its handlers, whatever else is installed.
            logger.warning("Two handlers are named %s: %s is used, an installed package's is left out", name, origin)
            self.types.pop(name, None)
        self.handlers[name] = handler
        self._origins[name] = origin

    def declare(self, name: str, say: Callable[[], Mapping[str, Any]], origin: str, needs: set[str]) -> None:
        """Add a type. Raises CannotLoad if its name is taken, or no name of a type."""
        if not re.fullmatch(TYPE_NAME, name):
            raise CannotLoad(
                f"{origin} cannot have the type {name!r:.80}: a type's name begins with a small letter, and goes on "
                "with up to 63 of a-z, 0-9, _, . and -; name= gives another one"
            )
        if name in self.types:
            raise CannotLoad(f"two types are named {name}, the second by {origin}")
        self.types[name] = _Type(say, origin, needs)

    def _offer(self, function: Function, declaration: Declaration | None, place: str) -> str:
        """Add a function as a handler, and return its name."""
        name = function.__name__ if declaration is None else declaration.name
        known = self.handlers.get(name)
        if isinstance(known, Declared):
            is_same = known.function is function if declaration is None else known.declaration is declaration
            if is_same:
                return name
        origin = origin_of(function)
        try:
            handler = Declared(name, function, declaration, place)
        except Unfillable as error:
            raise CannotLoad(f"{origin} cannot be called with what a task gives: {error}") from None
        self.add(name, handler, origin)
        if declaration is not None:
            self._declare(handler, declaration)
        return name

    def _declare(self, handler: Declared, declaration: Declaration) -> None:
        def say() -> Mapping[str, Any]:
            return body_of(declaration, {"handler": handler.name}, handler)

        self.declare(declaration.name, say, origin_of(handler.function), {handler.name})

    def _pipeline(self, pipeline: Declaration, place: str) -> None:
        names = [
            stage if isinstance(stage, str) else self._offer(stage, declaration_of(stage), place)
            for stage in pipeline.stages or ()
        ]
        first = self.handlers.get(names[0]) if names else None

        def say() -> Mapping[str, Any]:
            return body_of(pipeline, {"stages": names}, first if isinstance(first, Declared) else None)

        self.declare(pipeline.name, say, f"the pipeline {pipeline.name} of {place}", set(names))
