"""Failures: what tasks in ERROR have in common."""

from typing import Annotated, Protocol

from pydantic import Field

from services.api.endpoint import Endpoint
from services.api.operation import call
from services.api.store.failures import Failure
from shared.wire.failures import FailureJson
from shared.wire.fields import TypeName
from shared.wire.timestamps import rfc3339


class Failing(Protocol):
    """What failures need of the store."""

    async def failures(self, type_name: str | None, limit: int) -> list[Failure]:
        """Return the groups that were seen last."""


class FailuresHandler(Endpoint):
    """Groups of failed tasks."""

    store: Failing

    @call("list_failures")
    async def get(
        self,
        type: TypeName | None = None,
        limit: Annotated[int, Field(ge=1, le=1_000, description="How many groups.")] = 100,
    ) -> list[FailureJson]:
        """List what tasks in ERROR have in common, the group that was seen last first.

        Tasks of one type belong together whose errors have the same code, and the same message but for ids, numbers and
        quotations. What was cancelled is no failure. To retry a group, send `{"action": "retry", "q":
        "failure:FINGERPRINT"}` to `/tasks/bulk`. The groups follow the tasks within a moment.
        """
        return [_json(failure) for failure in await self.store.failures(type, limit)]


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
