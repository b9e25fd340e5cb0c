"""A route: the name of the queue that carries messages to the workers that have a handler."""

SEPARATOR = "/"
"""The name of a type never contains it."""


def route_of(type_name: str, handler: str, *, is_stage: bool = False) -> str:
    """Return the route of a task of this type that is run by this handler, in a pipeline by this stage.

    It is TYPE/HANDLER, or the type's name alone if the handler has the same name and is no stage. So a route itself
    names the handler, whatever its type names now.
    """
    return type_name if handler == type_name and not is_stage else f"{type_name}{SEPARATOR}{handler}"


def handler_of(route: str) -> str:
    """Return the name of the handler that a route needs."""
    type_name, separator, handler = route.partition(SEPARATOR)
    return handler if separator else type_name


def type_of(route: str) -> str:
    """Return the name of the type that a route belongs to."""
    return route.partition(SEPARATOR)[0]
