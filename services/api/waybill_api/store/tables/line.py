"""A line of the history, ready to be sent to whoever follows it."""

import json
from typing import NamedTuple

from waybill.domain.event import Event
from waybill.domain.status import Status
from waybill.wire.events import event_json


class Line(NamedTuple):
    """An event as it is sent, and what it is chosen by."""

    event_id: int
    task_id: str
    type: str
    """That of its task."""
    status: Status
    """The one that held afterwards."""
    text: str
    """The event as JSON, on one line."""


def line_of(event: Event, type_name: str) -> Line:
    """Write an event of a task of this type, once for all who will be sent it."""
    text = json.dumps(event_json(event), ensure_ascii=False, separators=(",", ":"))
    return Line(event.event_id, event.task_id, type_name, event.task_status, text)
