"""How code declares handlers and pipelines: `@handler` and `pipeline`, for files that a worker loads."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

DECLARATION = "__waybill__"
"""The attribute of a function that holds its declaration."""

HANDLERS, PIPELINES = "__waybill_handlers__", "__waybill_pipelines__"
"""The names in a module of its handlers and pipelines, in the order in which they are declared."""

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What code says of a task type; None where it says nothing."""

    name: str
    stages: tuple[Function | str, ...] | None = None
    """The stages of a pipeline: handlers, or names of handlers that other workers have."""
    title: str | None = None
    timeout: int | None = None
    max_attempts: int | None = None
    min_backoff: float | None = None
    max_backoff: float | None = None
    priority: int | None = None
    secret: tuple[str, ...] = ()
    isolate: bool = False
    memory: int | None = None


@overload
def handler(function: F, /) -> F: ...


@overload
def handler(
    *,
    name: str | None = None,
    title: str | None = None,
    timeout: int | None = None,
    max_attempts: int | None = None,
    min_backoff: float | None = None,
    max_backoff: float | None = None,
    priority: int | None = None,
    secret: tuple[str, ...] = (),
    isolate: bool = False,
    memory: int | None = None,
) -> Callable[[F], F]: ...


def handler(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    title: str | None = None,
    timeout: int | None = None,
    max_attempts: int | None = None,
    min_backoff: float | None = None,
    max_backoff: float | None = None,
    priority: int | None = None,
    secret: tuple[str, ...] = (),
    isolate: bool = False,
    memory: int | None = None,
) -> Any:
    """Declare a function as the handler of the task type `name`, by default the function's own name.

    Its first parameter takes the context, the others the fields of the task's `input` by name; a single
    positional-only one (`def count(context, words, /)`) takes the whole input. `timeout` and the back-offs are seconds,
    `secret` names fields of the input that are never shown. With `isolate` each run has a process of its own, which may
    allocate up to `memory` bytes. Raises TypeError and ValueError for what is no function and no valid option.
    """
    _check(secret, isolate, memory)

    def declare(function: F) -> F:
        if not inspect.isfunction(function):
            raise TypeError(f"@handler stands above a function, not above {type(function).__name__}")
        declaration = Declaration(
            name=function.__name__ if name is None else name,
            title=title,
            timeout=timeout,
            max_attempts=max_attempts,
            min_backoff=min_backoff,
            max_backoff=max_backoff,
            priority=priority,
            secret=tuple(secret),
            isolate=isolate,
            memory=memory,
        )
        setattr(function, DECLARATION, declaration)
        function.__globals__.setdefault(HANDLERS, []).append(function)
        return function

    return declare if function is None else declare(function)


def pipeline(
    name: str,
    /,
    *stages: Function | str,
    title: str | None = None,
    timeout: int | None = None,
    max_attempts: int | None = None,
    min_backoff: float | None = None,
    max_backoff: float | None = None,
    priority: int | None = None,
    secret: tuple[str, ...] = (),
) -> Declaration:
    """Declare the task type `name`, whose tasks go through `stages`: functions, or names of other workers' handlers.

    Each stage gets what the one before returned. Raises TypeError for a stage that is neither.
    """
    _check(secret)
    for stage in stages:
        if not isinstance(stage, str) and not inspect.isfunction(stage):
            raise TypeError(f"a stage is a function or the name of a handler, not {type(stage).__name__}")
    declaration = Declaration(
        name=name,
        stages=stages,
        title=title,
        timeout=timeout,
        max_attempts=max_attempts,
        min_backoff=min_backoff,
        max_backoff=max_backoff,
        priority=priority,
        secret=tuple(secret),
    )
    # The module that calls it declares the pipeline, whether or not it keeps the result.
    sys._getframe(1).f_globals.setdefault(PIPELINES, []).append(declaration)
    return declaration


def _check(secret: object, isolate: bool = False, memory: int | None = None) -> None:
    if isinstance(secret, str) or not isinstance(secret, tuple | list | set | frozenset):
        raise TypeError('secret is a tuple of names, such as ("password",)')
    if memory is not None and (not isinstance(memory, int) or memory < 1):
        raise ValueError(f"memory is a number of bytes, not {memory!r}")
    if memory is not None and not isolate:
        raise ValueError("memory needs isolate=True: only a process of its own can be bounded")
