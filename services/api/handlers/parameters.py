"""The path, query and header parameters that several calls share."""

import base64
import binascii
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from services.api.operation import Header, Path
from shared.domain.errors import TaskNotFound, TaskTypeNotFound
from shared.domain.status import Status
from shared.wire.fields import TYPE_NAME, WORKER_ID, TaskId


def status_of(text: Any) -> Any:
    """Return the status of a number or a name; pydantic complains of what is neither."""
    return Status.__members__.get(text.upper(), text) if isinstance(text, str) else text


def cursor_of(task_id: str) -> str:
    """Return the opaque text that stands for a place in the list: after this task."""
    return base64.urlsafe_b64encode(task_id.encode()).decode().rstrip("=")


def place_of(cursor: Any) -> Any:
    """Return the task id that a cursor stands for, or raise ValueError."""
    try:
        return base64.urlsafe_b64decode(f"{cursor}===").decode()
    except (binascii.Error, ValueError):
        raise ValueError("is not a cursor that this server gave") from None


TaskIdPath = Annotated[TaskId, Path(missing=TaskNotFound)]
TypeNamePath = Annotated[str, Path(missing=TaskTypeNotFound), StringConstraints(pattern=TYPE_NAME)]
WorkerIdPath = Annotated[str, Path(), StringConstraints(pattern=WORKER_ID)]
Limit = Annotated[int | None, Field(ge=1, le=1_000, description="How many to a page; without it, all are streamed.")]
Cursor = Annotated[
    Annotated[TaskId, WithJsonSchema({"type": "string"})] | None,
    BeforeValidator(place_of),
    Field(description="From the Link of the page before; opaque."),
]
StatusFilter = Annotated[
    Annotated[Status, WithJsonSchema({"enum": [*(int(one) for one in Status), *Status.__members__]})] | None,
    BeforeValidator(status_of),
    Field(description="A number or a name."),
]
IdempotencyHeader = Annotated[
    str | None,
    Header("Idempotency-Key"),
    StringConstraints(min_length=1, max_length=255, pattern=r"^[!-~]+$"),
    Field(description="Sent again within 24 hours, the same request is carried out once and answered alike."),
]
