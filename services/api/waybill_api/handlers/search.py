"""The search box as a parameter, and what it means together with the filters of a list."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from waybill.wire.problems import FieldError
from waybill_api.problems import BAD_QUERY, Refusal
from waybill_api.search.parser import LONGEST, QueryError, parse
from waybill_api.search.query import Query

Search = Annotated[
    str | None,
    Field(
        max_length=LONGEST,
        description='What to look for: `status:error meta.user:42 created:>2026-11-01 words "a phrase"`.',
    ),
]


def query_of(text: str, pointer: str | None = None) -> Query:
    """Return the query of a search text.

    Raises Refusal (422) with the position of the mistake and suggestions; `pointer` is the field of the body that holds
    the text; without one it is the parameter `q`.
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


def search_of(text: str | None, chosen: Mapping[str, Any]) -> Query | None:
    """Return the query of a search text and the filters together; None if they exclude each other.

    The filters are values of a query's fields, by their names; None is any.
    """
    query: Query | None = query_of(text or "")
    for attribute, value in chosen.items():
        if value is not None and query is not None:
            query = query.narrowed(attribute, value)
    return query
