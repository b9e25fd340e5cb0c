"""An event on the wire: a line of the history."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from waybill.domain.event import Event
from waybill.wire.tasks import EXAMPLE_ID
from waybill.wire.timestamps import rfc3339


@with_config(
    ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "event_id": 7,
                    "task_id": EXAMPLE_ID,
                    "attempt": 1,
                    "run": 1,
                    "seq": 3,
                    "source": "enricher",
                    "kind": "report",
                    "outcome": "applied",
                    "task_status": 2,
                    "recorded_at": "2026-01-31T09:30:00.262Z",
                    "stage": "enrich",
                    "progress": 0.4,
                }
            ]
        },
    )
)
class EventJson(TypedDict):
    """What was said or done about a task, as recorded, with the fields that a report said beside it."""

    event_id: int
    task_id: str
    attempt: int
    run: int
    seq: int | None
    source: str
    kind: Annotated[
        str, Field(description="create, report, claim, advance, release, timeout, cancel, retry or reroute.")
    ]
    outcome: str
    task_status: Annotated[int, Field(description="The status that held afterwards.")]
    recorded_at: str


def event_json(event: Event) -> dict[str, Any]:
    """Write an event; the fields of a report never hide those of the record."""
    return {
        **event.said,
        "event_id": event.event_id,
        "task_id": event.task_id,
        "attempt": event.attempt,
        "run": event.run,
        "seq": event.seq,
        "source": event.source,
        "kind": event.kind.value,
        "outcome": event.outcome.value,
        "task_status": event.task_status.value,
        "recorded_at": rfc3339(event.recorded_at),
    }
