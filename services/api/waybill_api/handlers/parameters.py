"""The path, query and header parameters that several calls share."""

import base64
import binascii
import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, WithJsonSchema

from waybill.domain.errors import AccountNotFound, RunNotFound, TaskNotFound, TaskTypeNotFound
from waybill.domain.names import TYPE_NAME, UUID, WORKER_ID
from waybill.domain.status import Status
from waybill.wire.accounts import ACCOUNT_NAME
from waybill.wire.fields import TaskId
from waybill_api.http.operation import Header, Path

RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def status_of(text: Any) -> Any:
    """Return the status of a number or a name; pydantic complains of what is neither."""
    return Status.__members__.get(text.upper(), text) if isinstance(text, str) else text


def cursor_of(task_id: str) -> str:
    """Return the opaque text that stands for a place in the list: after this task."""
    return base64.urlsafe_b64encode(task_id.encode()).decode().rstrip("=")


def place_of(cursor: Any) -> str:
    """Return the task id that a cursor stands for, or raise ValueError."""
    try:
        task_id = base64.urlsafe_b64decode(f"{cursor}===").decode()
    except (binascii.Error, ValueError):
        task_id = ""
    if not re.fullmatch(UUID, task_id):
        raise ValueError("is not a cursor that this server gave")
    return task_id


def type_cursor_of(name: str) -> str:
    """Return the opaque text that stands for a place in the list of types: after this one."""
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def type_place_of(cursor: Any) -> str:
    """Return the name of the type that a cursor stands for, or raise ValueError."""
    try:
        name = base64.urlsafe_b64decode(f"{cursor}===").decode("ascii")
    except (binascii.Error, ValueError):
        name = ""
    if not re.fullmatch(TYPE_NAME, name):
        raise ValueError("is not a cursor that this server gave")
    return name


def rfc3339_only(text: Any) -> Any:
    """Return the text of a time, or raise ValueError: pydantic would take numbers too, for seconds or milliseconds."""
    if not isinstance(text, str) or not RFC3339.fullmatch(text):
        raise ValueError("is not a time as RFC 3339 writes it, such as 2026-01-31T09:30:00Z")
    return text


TaskIdPath = Annotated[TaskId, Path(missing=TaskNotFound)]
TypeNamePath = Annotated[str, Path(missing=TaskTypeNotFound), StringConstraints(pattern=TYPE_NAME)]
RunPath = Annotated[int, Path(missing=RunNotFound), Field(ge=1, le=2**31 - 1)]
WorkerIdPath = Annotated[str, Path(), StringConstraints(pattern=WORKER_ID)]
AccountNamePath = Annotated[str, Path(missing=AccountNotFound), StringConstraints(pattern=ACCOUNT_NAME)]
Limit = Annotated[int | None, Field(ge=1, le=1_000, description="How many to a page; without it, all are streamed.")]
Time = Annotated[AwareDatetime, BeforeValidator(rfc3339_only)]
Cursor = Annotated[
    Annotated[TaskId, WithJsonSchema({"type": "string"})] | None,
    BeforeValidator(place_of),
    Field(description="From the Link of the page before; opaque."),
]
TypeCursor = Annotated[
    str | None, BeforeValidator(type_place_of), Field(description="From the Link of the page before; opaque.")
]
StatusFilter = Annotated[
    Annotated[Status, WithJsonSchema({"enum": [*(int(one) for one in Status), *Status.__members__]})] | None,
    BeforeValidator(status_of),
    Field(description="A number or a name."),
]
IfMatch = Annotated[
    str | None,
    Header("If-Match"),
    Field(description="The ETag of what was seen: what has changed since stays as it is, and 412 says what is other."),
]
IdempotencyHeader = Annotated[
    str | None,
    Header("Idempotency-Key"),
    StringConstraints(min_length=1, max_length=255, pattern=r"^[!-~]+$"),
    Field(description="Sent again within 24 hours, the same request is carried out once and answered alike."),
]
