"""The declarer: tells the API what the code of this worker says of its task types."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from waybill.api_error import ApiProblem
from waybill.host.world import REAL, World

logger = logging.getLogger(__name__)

RETRY_SECONDS = 60.0
"""Seconds after which a refused declaration is sent again, if the refusal may pass."""

UNKNOWN_CALL = (404, 405)
"""How an API answers that knows no declarations."""

NEVER_ACCEPTED = (400, 409, 413, 422)
"""The refusals that will not change, since the code stays the same."""

SCHEMA = "/input_schema"

FIRST_SERVER_ERROR, TOO_MANY = 500, 429


class Api(Protocol):
    """What the declarer needs of the client."""

    def declare_task_type(self, name: str, declaration: Mapping[str, Any]) -> dict[str, Any]:
        """Say what code says of a type, and return the type."""


class Declarer:
    """Declares each type once, and again whenever it is missing."""

    def __init__(self, client: Api, types: Mapping[str, Mapping[str, Any]], world: World = REAL) -> None:
        """Take the client, and what is declared of each type."""
        self._client = client
        self._types = types
        self._clock = world.monotonic
        self._declared: set[str] = set()
        self._due: dict[str, float] = {}
        self._said: set[str] = set()

    def declare(self, known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Declare what is due, given the types that the API has; return the types that it has now.

        Raises ApiError if the API cannot answer now.
        """
        names = {str(one.get("name")) for one in known}
        now = self._clock()
        due = [
            name
            for name in self._types
            if not (name in self._declared and name in names) and self._due.get(name, now) <= now
        ]
        answered: dict[str, dict[str, Any]] = {}
        for name in due:
            try:
                answered[name] = self._sent(name, self._types[name])
            except ApiProblem as problem:
                if (problem.status or 0) >= FIRST_SERVER_ERROR or problem.status == TOO_MANY:
                    raise
                if problem.status in UNKNOWN_CALL:
                    self._put_off(self._types, now + RETRY_SECONDS)
                    self._say("This API knows no declarations: an administrator has to make the types of the handlers")
                    break
                is_final = problem.status in NEVER_ACCEPTED
                self._put_off([name], float("inf") if is_final else now + RETRY_SECONDS)
                self._say(f"The declaration of the type {name} was refused: {problem}")
            else:
                self._declared.add(name)
                if name not in names:
                    logger.info("The task type %s is made, as its code declares it", name)
        return [*(one for one in known if one.get("name") not in answered), *answered.values()]

    def _sent(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Declare a type; without the schema of its input if the API does not take that."""
        try:
            return self._client.declare_task_type(name, body)
        except ApiProblem as problem:
            if body.get("input_schema") is None or not _is_about(problem, SCHEMA):
                raise
            self._say(f"The schema of the input of {name} was refused, so that only the worker checks it: {problem}")
            return self._client.declare_task_type(name, {**body, "input_schema": None})

    def _put_off(self, names: Sequence[str] | Mapping[str, Any], until: float) -> None:
        self._due |= dict.fromkeys(names, until)

    def _say(self, line: str) -> None:
        """Log a line, once."""
        if line not in self._said:
            self._said.add(line)
            logger.error("%s", line)


def _is_about(problem: ApiProblem, pointer: str) -> bool:
    errors = problem.problem.get("errors")
    pointers = [str(one.get("pointer")) for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return bool(pointers) and all(one.startswith(pointer) for one in pointers)
