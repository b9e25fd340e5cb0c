"""The items of a batch: they are read one after another, until there are too many errors."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from waybill.domain.encoded import Encoded
from waybill.domain.report import Report
from waybill.domain.status import Outcome
from waybill.wire.fields import MAX_ITEMS
from waybill.wire.reports import OutcomeJson, ReportItem, Reports
from waybill.wire.size import within_limit
from waybill.wire.tasks import CreateTask, CreateTasks
from waybill.wire.workers import Heartbeat
from waybill_api.http.complaints import detail_of, errors_of, pointer, refusal_of_errors
from waybill_api.problems import MAX_ERRORS


@dataclass(frozen=True, slots=True)
class Batch:
    """A body of many items. If `field` is empty, the body is read as a whole."""

    model: type[BaseModel]
    field: str = ""
    read: Callable[[Any, bool], Any] | None = None
    """Returns an item; the flag tells whether the body is large, so that the item's size has to be checked.

    Raises ValidationError or PydanticCustomError if the whole batch must be refused.
    """
    packed: Callable[[Any], Any] | None = None
    """Returns an item in the form that another process gets."""


def read_item(model: type[BaseModel], item: Any) -> BaseModel:
    """Return an object as a model. Raises ValidationError, or Refusal if too many fields are unknown."""
    if isinstance(item, dict) and model.model_config.get("extra") == "forbid":
        unknown = [key for key in item if key not in model.model_fields] if len(item) >= MAX_ERRORS else []
        if len(unknown) >= MAX_ERRORS:
            found = [{"type": "extra_forbidden", "loc": (key,), "msg": ""} for key in unknown[:MAX_ERRORS]]
            raise refusal_of_errors(found, is_all=len(unknown) == MAX_ERRORS)
    return model.model_validate(item)


def read_batch(batch: Batch, value: Any, *, is_large: bool) -> BaseModel:
    """Return a decoded body as its model. Raises Refusal with the first errors."""
    items = value.get(batch.field) if isinstance(value, dict) and len(value) == 1 else None
    if batch.read is None or not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        try:
            return batch.model.model_validate(value)
        except ValidationError as error:
            raise refusal_of_errors(errors_of(error)) from None
    read: list[Any] = []
    found: list[dict[str, Any]] = []
    for index, item in enumerate(items):
        try:
            read.append(batch.read(item, is_large))
        except (ValidationError, PydanticCustomError) as error:
            found += ({**one, "loc": (batch.field, index, *one["loc"])} for one in _errors(batch, item, error))
            if len(found) >= MAX_ERRORS:
                raise refusal_of_errors(found[:MAX_ERRORS], is_all=False) from None
    if found:
        raise refusal_of_errors(found)
    return batch.model.model_construct({batch.field}, **{batch.field: read})


def parts_of(batch: Batch, body: BaseModel, most: int) -> Iterator[Any]:
    """Yield a body in parts for `whole_of`: first the body without its items, then up to `most` items a part."""
    if not batch.field:
        yield body
        return
    yield body.model_copy(update={batch.field: []})
    items: Sequence[Any] = getattr(body, batch.field)
    for start in range(0, len(items), most):
        some = items[start : start + most]
        yield some if batch.packed is None else [batch.packed(item) for item in some]


def whole_of(batch: Batch, parts: Sequence[Any]) -> BaseModel:
    """Return the body that `parts_of` yielded in parts."""
    body: BaseModel = parts[0]
    if not batch.field:
        return body
    items = [item for some in parts[1:] for item in some]
    return body.model_construct({batch.field}, **{batch.field: items})


def fingerprint(request: str, body: BaseModel) -> str:
    """Return the fingerprint of a request; the order of fields does not change it."""
    said = json.dumps(body.model_dump(exclude_unset=True), sort_keys=True)
    return hashlib.sha256(f"{request}\n{said}".encode()).hexdigest()


def _errors(batch: Batch, item: Any, error: ValidationError | PydanticCustomError) -> list[Mapping[str, Any]]:
    """Return the errors of an item; unknown fields are counted first, since many of them make validation costly."""
    if isinstance(error, PydanticCustomError):
        return [{"type": error.type, "loc": (), "msg": error.message()}]
    if error.error_count() > MAX_ERRORS and isinstance(item, dict) and batch.field == "tasks":
        unknown = [key for key in item if key not in CreateTask.model_fields]
        return [{"type": "extra_forbidden", "loc": (key,), "msg": ""} for key in unknown[:MAX_ERRORS]]
    return errors_of(error)


def _task(item: Any, is_large: bool) -> CreateTask:
    return CreateTask.model_validate(within_limit(item) if is_large else item)


def _packed_task(task: CreateTask) -> CreateTask:
    """Return a task with its input as JSON text, since the API does not read the input."""
    if task.input is None:
        return task
    text = json.dumps(task.input, ensure_ascii=False, separators=(",", ":"))
    return task.model_copy(update={"input": Encoded(text)})


def _report(item: Any, is_large: bool) -> Report | OutcomeJson:
    """Return a report, or its outcome if it cannot be read; the other reports are still accepted."""
    try:
        return ReportItem.model_validate(within_limit(item) if is_large else item).named()
    except ValidationError as error:
        wrong = [f"{pointer(one['loc'])} {detail_of(one)}".strip() for one in errors_of(error)]
        return _invalid(item, "; ".join(wrong))
    except ValueError as error:
        return _invalid(item, str(error))


def _invalid(item: Any, detail: str) -> OutcomeJson:
    task_id = item.get("task_id") if isinstance(item, dict) else None
    given = task_id if isinstance(task_id, str) else None
    return {"task_id": given, "outcome": Outcome.INVALID.value, "detail": detail[:1_000]}


BATCHES: Mapping[str, Batch] = {
    "create_tasks": Batch(CreateTasks, "tasks", _task, _packed_task),
    "report": Batch(Reports, "reports", _report),
    "beat": Batch(Heartbeat),
}
"""The calls with bodies of many items, by name."""
