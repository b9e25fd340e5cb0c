"""The command line of a program, with places that the values of a task fill; there is never a shell."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

from waybill_worker.handlers.context import Context
from waybill_worker.handlers.failed import Failed
from waybill_worker.handlers.loading import CannotLoad

VARIABLE = "WAYBILL_EXEC"
TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
FIELDS = ("task_id", "run", "attempt", "name")
INPUT = "input"
END_OF_OPTIONS = "--"
KNOWN = "there are {input}, {input.FIELD}, " + ", ".join(f"{{{field}}}" for field in FIELDS)


class Place(NamedTuple):
    """A placeholder in an argument."""

    name: str

    @property
    def path(self) -> list[str]:
        """The names of the fields that lead into the input."""
        return self.name.split(".")[1:]


Template = list[str | Place]
"""An argument: texts, and places to fill."""


class Command:
    """The words of a command line; each is one argument, whatever fills its places."""

    def __init__(self, line: str) -> None:
        """Split the line as a shell does. Raises CannotLoad."""
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise CannotLoad(f"{VARIABLE} cannot be split into words: {error}") from None
        if not words:
            raise CannotLoad(f"{VARIABLE} names no program")
        (self.program, *places), *self._arguments = ([*_parts(word)] or [""] for word in words)
        if places or isinstance(self.program, Place):
            raise CannotLoad(f"{VARIABLE} names the program {words[0]}, which no task may choose")
        self._schema = _schema([part.path for part in self._places() if part.path])

    def schema(self) -> dict[str, Any] | None:
        """Return a JSON Schema of the inputs that fill its places; None if it takes no field."""
        return self._schema

    def filled(self, context: Context, task_input: Any) -> list[str]:
        """Return the arguments after the program's name. Raises Failed if the input does not fit."""
        arguments, may_be_option = [], True
        for template in self._arguments:
            may_be_option &= template != [END_OF_OPTIONS]
            argument = "".join(one if isinstance(one, str) else _text(one, context, task_input) for one in template)
            if may_be_option and argument.startswith("-") and isinstance(template[0], Place):
                # Not the value, which may be secret.
                raise Failed(
                    f"{{{template[0].name}}} would become an option: write {END_OF_OPTIONS} before it in the command"
                )
            arguments.append(argument)
        return arguments

    def _places(self) -> Iterator[Place]:
        return (part for template in self._arguments for part in template if isinstance(part, Place))


def _parts(word: str) -> Iterator[str | Place]:
    for found in TOKEN.finditer(word):
        name, text = found[1], found[0]
        if name is not None:
            first, *fields = name.split(".")
            if name not in FIELDS and (first != INPUT or not all(fields)):
                raise CannotLoad(f"{VARIABLE} has an unknown placeholder {text}: {KNOWN}; write {{{{ for a brace")
            yield Place(name)
        elif text == "{":
            raise CannotLoad(f"{VARIABLE} has a brace that is not closed in {word}: write {{{{ for a brace")
        else:
            yield text[0] if text in ("{{", "}}") else text


def _text(place: Place, context: Context, task_input: Any) -> str:
    """Return what fills a place."""
    if place.name in FIELDS:
        return str(getattr(context, place.name))
    if place.name == INPUT:
        return json.dumps(task_input, ensure_ascii=False)
    value = task_input
    for field in place.path:
        if not isinstance(value, dict) or field not in value:
            raise Failed(f"the input does not fit: {{{place.name}}} is missing")
        value = value[field]
    if isinstance(value, str):
        if "\0" in value:
            raise Failed(f"the input does not fit: {{{place.name}}} holds the character NUL")
        return value
    if value is None or isinstance(value, dict | list):
        raise Failed(f"the input does not fit: {{{place.name}}} is no text, number or boolean")
    return json.dumps(value)


def _schema(paths: list[list[str]]) -> dict[str, Any] | None:
    if not paths:
        return None
    # Fields that the command does not name are welcome: the program reads the whole input.
    schema: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for path in paths:
        node = schema
        for field in path:
            if "properties" not in node:
                if "type" in node:
                    raise _contradiction(path)
                node |= {"type": "object", "properties": {}, "required": []}
            if field not in node["properties"]:
                node["required"].append(field)
            node = node["properties"].setdefault(field, {})
        if "properties" in node:
            raise _contradiction(path)
        node["type"] = ["string", "number", "boolean"]
    return schema


def _contradiction(path: list[str]) -> CannotLoad:
    return CannotLoad(f"{VARIABLE} takes {{{'.'.join([INPUT, *path])}}} once as a value and once as an object")
