"""A route: the name of the queue on which the messages of a type travel, in a pipeline those of one stage."""

SEPARATOR = "/"
"""No type's name holds it."""


def route_of(type_name: str, stage: str | None = None) -> str:
    """Return the route of a type, or of a stage of its pipeline."""
    return type_name if stage is None else f"{type_name}{SEPARATOR}{stage}"


def stage_of(route: str) -> str | None:
    """Return the stage that a route belongs to; None where its type is no pipeline."""
    _, separator, stage = route.partition(SEPARATOR)
    return stage if separator else None


def type_of(route: str) -> str:
    """Return the name of the type that a route belongs to."""
    return route.partition(SEPARATOR)[0]
