"""How a task and an event are written."""

import dataclasses

from waybill.domain.declaration import DECLARABLE
from waybill.domain.event import Event, EventKind
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import Task, TaskError
from waybill.domain.task_type import TaskType
from waybill.wire.events import event_json
from waybill.wire.task_types import ChangeTaskType, CreateTaskType, DeclareTaskType, TaskTypeJson, task_type_json
from waybill.wire.tasks import CreateTask, TaskJson, task_json

TASK = Task(
    task_id="t",
    name="n",
    type="sleep",
    handler="sleep",
    processing_time=5,
    status=Status.ERROR,
    claim="secret",
    error=TaskError(ErrorCode.FAILED, "boom", "Traceback"),
    created_at=1_000,
    finished_at=2_001,
)


def test_a_task_is_written_with_all_its_fields_and_without_its_claim() -> None:
    written = task_json(TASK)
    assert list(written) == list(TaskJson.__annotations__)
    assert (written["status"], written["status_name"]) == (4, "ERROR")
    assert type(written["status"]) is int
    assert written["error"] == {"code": "failed", "message": "boom", "detail": "Traceback"}
    assert written["finished_at"] == "1970-01-01T00:00:02.001Z"
    assert "secret" not in str(written)


def test_what_an_event_records_is_not_hidden_by_what_was_said() -> None:
    said = {"task_status": 3, "event_id": 9, "outcome": "applied", "stage": "x"}
    event = Event(
        event_id=1,
        task_id="t",
        attempt=1,
        run=1,
        kind=EventKind.REPORT,
        task_status=Status.NEW,
        recorded_at=0,
        said=said,
    )
    written = event_json(event)
    assert (written["task_status"], written["event_id"], written["stage"]) == (1, 1, "x")


def test_the_fields_of_a_type_are_the_domains() -> None:
    fields = [field.name for field in dataclasses.fields(TaskType)]
    assert list(TaskTypeJson.__annotations__) == [*fields, "served"]
    assert list(task_type_json(TaskType(name="x"))) == [*fields, "served"]
    by_people = [name for name in fields if name not in ("declared", "edited", "created_at")]
    assert list(CreateTaskType.model_fields) == by_people
    assert list(ChangeTaskType.model_fields) == by_people[1:]
    assert tuple(DeclareTaskType.model_fields) == DECLARABLE
    assert CreateTaskType(name="x").to_task_type() == TaskType(name="x", edited=("handler", "stages"))


def test_a_create_has_the_fields_of_the_design() -> None:
    assert set(CreateTask.model_fields) == {
        "name",
        "processing_time",
        "type",
        "input",
        "priority",
        "timeout",
        "metadata",
        "external_key",
    }
