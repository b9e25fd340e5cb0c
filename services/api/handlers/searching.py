"""The search box as a parameter, and what it means together with the filters of a list."""

from typing import Annotated

from pydantic import Field

from services.api.problems import BAD_QUERY, Refusal
from services.api.search.parser import LONGEST, QueryError, parse
from services.api.search.query import Query
from services.api.store.tasks import TaskFilter
from shared.wire.problems import FieldError

Search = Annotated[
    str | None,
    Field(
        max_length=LONGEST,
        description='What to look for: `status:error meta.user:42 created:>2026-11-01 words "a phrase"`.',
    ),
]


def query_of(text: str, pointer: str | None = None) -> Query:
    """Return what somebody looks for.

    Raises Refusal (422) that says where it is wrong and what may have been meant; `pointer` is where in the body the
    text stands, without one it is the parameter `q`.
    """
    try:
        return parse(text)
    except QueryError as error:
        wrong: FieldError = {
            "detail": error.detail,
            "position": error.position,
            "length": error.length,
            "suggestions": list(error.suggestions),
        }
        where: FieldError = wrong | ({"parameter": "q"} if pointer is None else {"pointer": pointer})
        raise Refusal(BAD_QUERY, f"The search cannot be understood: {error.detail}.", errors=[where]) from None


def searched(text: str | None, chosen: TaskFilter) -> Query | None:
    """Return what somebody looks for and the filters let through, None where they exclude each other."""
    query: Query | None = query_of(text or "")
    named = {
        "statuses": chosen.status,
        "types": chosen.type,
        "stages": chosen.stage,
        "keys": chosen.external_key,
    }
    for attribute, value in named.items():
        if value is not None and query is not None:
            query = query.narrowed(attribute, value)
    if query is None:
        return None
    start = None if chosen.created_after is None else chosen.created_after + 1
    return query.within(start, chosen.created_before)
