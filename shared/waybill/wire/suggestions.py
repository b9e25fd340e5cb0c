"""Suggestions for the search box, on the wire."""

from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict


@with_config(ConfigDict(json_schema_extra={"examples": [{"suggestions": ["status:new", "status:error"]}]}))
class SuggestionsJson(TypedDict):
    """The possible continuations of a search."""

    suggestions: Annotated[list[str], Field(description="The whole text each time, the likeliest first.")]
