"""Create, cancel, retry and delete tasks."""

from collections.abc import Sequence

from waybill.domain import transitions
from waybill.domain.errors import ExternalKeyTaken, Invalid, TaskIsNotFinal
from waybill.domain.event import EventKind
from waybill.domain.report import TaskKey
from waybill.domain.task import SLEEP, Task
from waybill.domain.transitions import enter
from waybill_api.store.commands import search
from waybill_api.store.commands.task_draft import TaskDraft
from waybill_api.store.tables import idempotency
from waybill_api.store.tables.idempotency import IdempotencyKey
from waybill_api.store.writing.unit import Unit


def create(unit: Unit, drafts: Sequence[TaskDraft], given: IdempotencyKey | None = None) -> list[str]:
    """Create all of the tasks or none, and return their ids.

    Raises Invalid, with the index of the draft in `facts`; ExternalKeyTaken; IdempotencyKeyReused.
    """
    known = None if given is None else recall(unit, given)
    if known is not None:
        return known
    created = [_draw_up(unit, draft, index) for index, draft in enumerate(drafts)]
    _check_external_keys(unit, created)
    for task in created:
        unit.add(task)
        unit.record_own(task, EventKind.CREATE)
    task_ids = [task.task_id for task in created]
    if given is not None:
        idempotency.remember(unit.database, given, task_ids, unit.now)
    return task_ids


def recall(unit: Unit, given: IdempotencyKey) -> list[str] | None:
    """Return the ids that a request with this key was answered with; None if there was none.

    Raises IdempotencyKeyReused.
    """
    return idempotency.recall(unit.database, given, unit.now)


def _draw_up(unit: Unit, draft: TaskDraft, index: int) -> Task:
    task_type = unit.task_type(draft.type)
    if task_type is None:
        raise Invalid(f"there is no task type {draft.type!r}", "/type", index=index)
    processing_time = task_type.processing_time if draft.processing_time is None else draft.processing_time
    if processing_time is None and task_type.handler == SLEEP:
        raise Invalid(f"the type {draft.type!r} has no default: give it", "/processing_time", index=index)
    taken = transitions.taken_from(task_type)
    if draft.timeout is not None:
        taken |= {"timeout": draft.timeout, "has_own_timeout": True}
    task = Task(
        task_id=unit.ids.draw(unit.now),
        name=draft.name,
        type=task_type.name,
        processing_time=processing_time,
        input=draft.input,
        priority=task_type.priority if draft.priority is None else draft.priority,
        external_key=draft.external_key,
        metadata=draft.metadata,
        created_at=unit.now,
        stage_since=unit.now,
        heard_at=unit.now,
        due_at=None if task_type.is_tracked else unit.now,
        secret=task_type.secret,
        **taken,
    )
    return task if task.stages is None else enter(task, 0)


def _check_external_keys(unit: Unit, created: Sequence[Task]) -> None:
    if all(task.external_key is None for task in created):
        return
    seen: dict[TaskKey, str] = {}
    unit.prefetch_keys(TaskKey(task.type, task.external_key) for task in created if task.external_key is not None)
    for index, task in enumerate(created):
        if task.external_key is None:
            continue
        key = TaskKey(task.type, task.external_key)
        taken = seen.get(key) or unit.by_key(key)
        if taken is not None:
            raise ExternalKeyTaken(task_id=taken, external_key=task.external_key, index=index)
        seen[key] = task.task_id


def cancel(unit: Unit, task_id: str, attempt: int | None = None) -> Task:
    """End a task in ERROR `cancelled`. Raises TaskNotFound, TaskIsFinal, AttemptHasMoved."""
    return _transit(unit, transitions.cancel(unit.load(task_id), attempt, now=unit.now), EventKind.CANCEL)


def retry(unit: Unit, task_id: str, attempt: int | None = None) -> Task:
    """Open another attempt by the present task type. Raises TaskNotFound, TaskIsNotFinal, AttemptHasMoved."""
    task = unit.load(task_id)
    after = transitions.retry(task, attempt, now=unit.now, task_type=unit.task_type(task.type))
    return _transit(unit, after, EventKind.RETRY)


def delete(unit: Unit, task_id: str) -> None:
    """Remove a final task and its history. Raises TaskNotFound, TaskIsNotFinal."""
    if not unit.load(task_id).status.is_final:
        raise TaskIsNotFinal()
    unit.delete(task_id)
    search.forget(unit, task_id)


def _transit(unit: Unit, after: Task, kind: EventKind) -> Task:
    unit.put(after)
    unit.record_own(after, kind)
    return after
