"""Failures on the wire: tasks that ended in ERROR alike."""

from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from waybill.wire.tasks import EXAMPLE_ID


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "fingerprint": "5f1d2c3b4a69",
                    "type": "sleep",
                    "code": "failed",
                    "message": "cannot open <text> at <n>",
                    "tasks": 12,
                    "first_seen": "2026-01-31T09:30:00.250Z",
                    "last_seen": "2026-01-31T09:45:00.262Z",
                    "task_id": EXAMPLE_ID,
                }
            ]
        }
    )
)
class FailureJson(TypedDict):
    """A group of tasks of a type in ERROR, whose errors have their code and the pattern of their message in common."""

    fingerprint: Annotated[str, Field(description="Search for failure:FINGERPRINT to find its tasks.")]
    type: str
    code: str
    message: Annotated[
        str, Field(description="The pattern of the messages: ids, quotations and numbers are replaced by their kind.")
    ]
    tasks: Annotated[int, Field(description="How many tasks there are now.")]
    first_seen: str
    last_seen: str
    task_id: Annotated[str, Field(description="The task that was seen last.")]
