"""Suggestions: how a search that is being typed may go on."""

from typing import Annotated

from pydantic import Field

from waybill.wire.suggestions import SuggestionsJson
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.search.parser import LONGEST


class SuggestionsHandler(Endpoint):
    """How a search may go on."""

    @call("suggest")
    async def get(
        self,
        q: Annotated[str, Field(max_length=LONGEST, description="What was typed until now.")] = "",
        limit: Annotated[int, Field(ge=1, le=50)] = 10,
    ) -> SuggestionsJson:
        """Suggest how a search may go on: qualifiers, statuses, types, stages, metadata of the latest tasks."""
        return {"suggestions": await self.services.suggestions.of(q, limit)}
