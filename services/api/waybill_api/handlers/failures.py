"""Failures: what tasks in ERROR have in common."""

import base64
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from waybill.wire.failures import FailureJson
from waybill.wire.fields import TypeName
from waybill.wire.timestamps import rfc3339
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.store import tables
from waybill_api.store.tables.failures import Failure, FailurePosition

PLACE = re.compile("([0-9]{1,16})[.]([0-9a-f]{12})")


def cursor_of(place: FailurePosition) -> str:
    """Return the opaque text that stands for a place in the order of the groups."""
    return base64.urlsafe_b64encode(f"{place.last_seen}.{place.fingerprint}".encode()).decode().rstrip("=")


def place_of(cursor: Any) -> FailurePosition:
    """Return the place that a cursor stands for, or raise ValueError."""
    try:
        said = PLACE.fullmatch(base64.urlsafe_b64decode(f"{cursor}===").decode("ascii"))
    except ValueError:
        said = None
    if said is None:
        raise ValueError("is not a cursor that this server gave")
    return FailurePosition(int(said[1]), said[2])


FailureCursor = Annotated[
    Annotated[FailurePosition, WithJsonSchema({"type": "string"})] | None,
    BeforeValidator(place_of),
    Field(description="From the Link of the page before; opaque."),
]


class FailuresHandler(Endpoint):
    """Groups of failed tasks."""

    @call("list_failures")
    async def get(
        self,
        type: TypeName | None = None,
        limit: Annotated[int, Field(ge=1, le=1_000, description="How many groups.")] = 100,
        cursor: FailureCursor = None,
    ) -> list[FailureJson]:
        """List what tasks in ERROR have in common, the group that was seen last first.

        Tasks of one type belong together whose errors have the same code, and the same message but for ids, numbers and
        quotations. What was cancelled is no failure. To retry a group, send `{"action": "retry", "q":
        "failure:FINGERPRINT"}` to `/tasks/bulk`. The groups follow the tasks within a moment. Where there are more,
        `Link` leads to the next page.
        """
        found = await self.store.read(tables.failures.latest, type, cursor, limit + 1)
        if len(found) > limit:
            self.link_next(cursor_of(found[limit - 1].place))
        return [_json(failure) for failure in found[:limit]]


def _json(failure: Failure) -> FailureJson:
    return {
        "fingerprint": failure.fingerprint,
        "type": failure.type,
        "code": failure.code,
        "message": failure.message,
        "tasks": failure.tasks,
        "first_seen": rfc3339(failure.first_seen),
        "last_seen": rfc3339(failure.last_seen),
        "task_id": failure.task_id,
    }
