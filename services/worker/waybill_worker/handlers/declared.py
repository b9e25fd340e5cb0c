"""A handler that code declares: a function with its arguments, and what is declared of its type."""

import inspect
import json
import logging
from collections.abc import Mapping
from typing import Any

from waybill.declaring import DECLARATION, Declaration, Function
from waybill_worker.handlers.context import Context

logger = logging.getLogger(__name__)

SCHEMA_CAP = 16 * 1024
"""Bytes of the largest schema of an input that the API takes."""

SAID = ("title", "timeout", "max_attempts", "min_backoff", "max_backoff", "priority")
"""The fields that a declaration may leave to the API."""


class Declared:
    """A handler that takes the fields of an input as arguments."""

    def __init__(self, name: str, function: Function, declaration: Declaration | None, place: str = "") -> None:
        """Take the function, what is declared of its type, and the file or module that offers it.

        A stage of a pipeline may have no type of its own. Raises Unfillable.
        """
        # Imported here, since it takes long, and a process for one run may need none.
        from waybill_worker.handlers.arguments import Arguments  # noqa: PLC0415

        self.name = name
        self.function = self.__wrapped__ = function
        self.declaration = declaration
        self.place = place
        self.arguments = Arguments(function)

    def __call__(self, context: Context, task_input: Any) -> Any:
        """Call the function with the fields of the input. Raises Failed if the input does not fit."""
        positional, named = self.arguments.of(task_input)
        return self.function(context, *positional, **named)

    def schema(self) -> dict[str, Any] | None:
        """Return the JSON Schema of its input; None if there is none, or if it is too large for the API."""
        schema = self.arguments.schema()
        if schema is None:
            return None
        size = len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode())
        if size <= SCHEMA_CAP:
            return schema
        logger.warning(
            "The schema of the input of handler %s has %d bytes, and the API takes %d: only the worker checks it",
            self.name,
            size,
            SCHEMA_CAP,
        )
        return None


def declaration_of(value: object) -> Declaration | None:
    """Return what is declared of the type that a function handles; None if it is no such function."""
    try:
        declaration = vars(value).get(DECLARATION) if callable(value) else None
    except Exception:  # noqa: BLE001  # a proxy in a module may fail when it is looked at
        return None
    return declaration if isinstance(declaration, Declaration) else None


def origin_of(function: Function) -> str:
    """Return where a function is written, for people."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return name if code is None else f"{name} ({code.co_filename}, line {code.co_firstlineno})"


def body_of(declaration: Declaration, how: Mapping[str, Any], first: Declared | None) -> dict[str, Any]:
    """Return what is sent of a declaration; `how` names its handler or its stages, `first` is what gets the input."""
    said = {field: value for field in SAID if (value := getattr(declaration, field)) is not None}
    # An empty list is said too, so that a field that is secret no more is shown.
    # A field that is secret to the first stage is secret in the pipeline.
    theirs = first.declaration.secret if first is not None and first.declaration is not None else ()
    schema = None if first is None else first.schema()
    return {**how, **said, "input_schema": schema, "secret": sorted({*declaration.secret, *theirs})}
